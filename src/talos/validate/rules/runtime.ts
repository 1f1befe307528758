/** Rules of the documents about the running system: environment, files, logs, OOM, install, watchdog (Talos' `config/types/runtime`). */
import { celProblem } from '../../cel/check.ts';
import { hostPortProblem, portOf, quote } from '../checks.ts';
import { at, entries, integer, isSet, isTrue, items, text, url } from '../field.ts';
import type { Field } from '../field.ts';
import { since } from '../rule.ts';
import type { DocumentRules, RuleContext } from '../rule.ts';
import { named } from './links.ts';

export const runtimeRules: DocumentRules = {
  EnvironmentConfig: environment,
  EtcFileConfig: etcFile,
  EventSinkConfig: eventSink,
  ExtensionServiceConfig: extensionService,
  KernelModuleConfig: named,
  KmsgLogConfig: kmsgLog,
  OOMConfig: oom,
  SysctlConfig: parameters,
  SysfsConfig: parameters,
  UnattendedInstallConfig: unattendedInstall,
  WatchdogTimerConfig: watchdog,
  SideroLinkConfig: sideroLink,
  ImageVerificationConfig: imageVerification,
};

function environment(document: Field, context: RuleContext): void {
  for (const [name, field] of entries(at(document, 'variables'))) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      context.error(field, `${quote(name)} is not a name for an environment variable`);
  }
}

const MANAGED_FILES = new Set([
  'resolv.conf',
  'hosts',
  'machine-id',
  'extensions.yaml',
  'localtime',
  'os-release',
  'xattr.conf',
]);
const MANAGED_FOLDERS = [
  'apparmor.d',
  'apparmor',
  'ca-certificates',
  'cni',
  'cri',
  'iscsi',
  'kubernetes',
  'lvm',
  'nvme',
  'pki',
  'selinux',
  'ssl',
];

function etcFile(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  const path = text(name);
  if (path === '') context.error(name, 'a name is required: the path of the file below /etc');
  else if (!isLocalPath(path) || path.startsWith('.'))
    context.error(name, `${quote(path)} must be a path below /etc, without / or . in front and without leaving it`);
  else if (
    MANAGED_FILES.has(path) ||
    MANAGED_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`))
  ) {
    context.error(name, `Talos manages /etc/${path} itself`);
  }
}

/** Go's `filepath.IsLocal`: relative, and never above where it starts. */
function isLocalPath(path: string): boolean {
  if (path.startsWith('/')) return false;
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

function eventSink(document: Field, context: RuleContext): void {
  const problem = hostPortProblem(text(at(document, 'endpoint')));
  if (problem !== undefined) context.error(at(document, 'endpoint'), problem);
}

function extensionService(document: Field, context: RuleContext): void {
  named(document, context);
  const files = items(at(document, 'configFiles'));
  if (files.length === 0 && items(at(document, 'environment')).length === 0)
    context.error(document, 'configFiles or environment is required');
  for (const file of files) {
    for (const key of ['content', 'mountPath']) {
      if (text(at(file, key)) === '') context.error(at(file, key), `${key} is required`);
    }
  }
}

function kmsgLog(document: Field, context: RuleContext): void {
  named(document, context);
  const field = at(document, 'url');
  const parsed = url(field);
  if (parsed === undefined) context.error(field, 'a URL is required');
  else if (parsed.scheme !== 'tcp' && parsed.scheme !== 'udp')
    context.error(field, 'the URL must begin with tcp:// or udp://');
  else if (parsed.path !== '' && parsed.path !== '/') context.error(field, 'the URL takes no path');
  else if (portOf(parsed) === '') context.error(field, 'the URL needs a port');
}

function oom(document: Field, context: RuleContext): void {
  for (const [key, kind] of [
    ['triggerExpression', 'oom-trigger'],
    ['cgroupRankingExpression', 'oom-ranking'],
  ] as const) {
    const field = at(document, key);
    const problem = text(field) === '' ? undefined : celProblem(text(field), kind, context.minor);
    if (problem !== undefined) context.error(field, `the expression is not valid: ${problem}`);
  }
  if (integer(at(document, 'sampleInterval')) < 0)
    context.error(at(document, 'sampleInterval'), 'sampleInterval cannot be negative');
}

function parameters(document: Field, context: RuleContext): void {
  for (const [name, field] of entries(at(document, 'params'))) {
    if (name === '') context.error(field, 'the name of a parameter cannot be empty');
  }
}

function unattendedInstall(document: Field, context: RuleContext): void {
  const image = at(document, 'installer', 'image');
  if (text(image) === '')
    context.warning(
      image,
      'without installer.image the installation works only when booted from an Image Factory asset',
    );
  const match = at(document, 'provisioning', 'diskSelector', 'match');
  if (text(match) === '') {
    context.error(match, 'provisioning.diskSelector.match is required');
    return;
  }
  const problem = celProblem(text(match), 'disk', context.minor);
  if (problem !== undefined) context.error(match, `the selector is not valid: ${problem}`);
}

const TEN_SECONDS = 10_000_000_000;

function watchdog(document: Field, context: RuleContext): void {
  if (text(at(document, 'device')) === '') context.error(at(document, 'device'), 'a device is required');
  const timeout = at(document, 'timeout');
  if (integer(timeout) !== 0 && integer(timeout) < TEN_SECONDS)
    context.error(timeout, 'the timeout must be at least 10s');
}

function sideroLink(document: Field, context: RuleContext): void {
  const field = at(document, 'apiUrl');
  const parsed = url(field);
  if (parsed === undefined) context.error(field, 'apiUrl is required');
  else if (parsed.scheme !== 'https' && parsed.scheme !== 'grpc')
    context.error(field, 'the URL must begin with https:// or grpc://');
  else if (parsed.path !== '' && parsed.path !== '/') context.error(field, 'the URL takes no path');
}

function imageVerification(document: Field, context: RuleContext): void {
  for (const rule of items(at(document, 'rules'))) {
    imagePattern(at(rule, 'image'), context);
    verifiers(rule, context);
  }
}

/** Patterns are held against `<registry domain>/<repository>`, without tag and digest. */
function imagePattern(field: Field, context: RuleContext): void {
  const pattern = text(field);
  if (pattern === '') {
    context.error(field, 'an image pattern is required');
    return;
  }
  // 1.13 began to warn within the minor; which patch release did is not recorded.
  if (context.minor === '1.13' && context.patch === 0) return;
  const slash = pattern.indexOf('/');
  if (pattern.includes('@')) context.warning(field, 'the pattern is not held against digests');
  if (slash >= 0 && pattern.slice(slash).includes(':')) context.warning(field, 'the pattern is not held against tags');
  if (since(context, '1.14') ? matchesNothing(pattern) : slash < 0 && pattern !== '*') {
    context.warning(
      field,
      `${quote(pattern)} may match no image: nginx, for example, is matched as docker.io/library/nginx`,
    );
  }
}

function matchesNothing(pattern: string): boolean {
  const star = pattern.indexOf('*');
  const literal = star < 0 ? pattern : pattern.slice(0, star);
  const slash = literal.indexOf('/');
  if (slash < 0) return star < 0;
  const domain = literal.slice(0, slash);
  return !/[.:]/.test(domain) && domain.toLowerCase() !== 'localhost';
}

function verifiers(rule: Field, context: RuleContext): void {
  const [skip, deny] = [isTrue(at(rule, 'skip')), isTrue(at(rule, 'deny'))];
  const keyless = at(rule, 'keyless');
  const publicKey = at(rule, 'publicKey');
  const hasVerifier = isSet(keyless) || isSet(publicKey);
  if (skip && deny) context.error(rule, 'skip and deny exclude each other');
  if ((skip || deny) && hasVerifier) context.error(rule, 'a rule that skips or denies takes no verifier');
  if (!skip && !deny && !hasVerifier) context.error(rule, 'a rule needs keyless, publicKey, skip or deny');
  if (isSet(keyless) && isSet(publicKey)) context.error(rule, 'keyless and publicKey exclude each other');
  if (isSet(keyless)) {
    if (text(at(keyless, 'issuer')) === '') context.error(at(keyless, 'issuer'), 'the OIDC issuer is required');
    if (text(at(keyless, 'subject')) === '' && text(at(keyless, 'subjectRegex')) === '')
      context.error(at(keyless, 'subject'), 'subject or subjectRegex is required');
  }
  if (isSet(publicKey) && text(at(publicKey, 'certificate')) === '')
    context.error(at(publicKey, 'certificate'), 'a certificate is required');
}
