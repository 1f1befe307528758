/** Rules of the container runtime's and the discovery documents (Talos' `config/types/cri` and `cluster`). */
import { readCertificate } from '../../../pki/inspect.ts';
import { readPrivateKey } from '../../../pki/keys.ts';
import { hostnameOf } from '../../values/go-url.ts';
import { isBase64Of, pemLabels, pemProblem, qualifiedNameProblem, quote } from '../checks.ts';
import type { Reason } from '../checks.ts';
import { at, isSet, items, text, url } from '../field.ts';
import type { Field } from '../field.ts';
import { all, since } from '../rule.ts';
import type { DocumentRules, RuleContext } from '../rule.ts';
import { named } from './links.ts';
import { baseRuntimeSpec } from './runtime-spec.ts';

export const registryRules: DocumentRules = {
  RegistryAuthConfig: all(named, auth),
  RegistryMirrorConfig: all(named, mirror),
  RegistryTLSConfig: all(named, tls),
  CRICustomizationConfig: customization,
  CRIBaseRuntimeSpecConfig: (document, context) => baseRuntimeSpec(at(document, 'overrides'), context),
  DiscoveryIdentityConfig: identity,
  DiscoveryServiceConfig: all(named, service),
};

function auth(document: Field, context: RuleContext): void {
  const has = (key: string): boolean => text(at(document, key)) !== '';
  if (has('username') && has('identityToken')) context.error(document, 'username and identityToken exclude each other');
  if (has('auth') && (has('username') || has('identityToken')))
    context.error(document, 'auth excludes username and identityToken');
}

function mirror(document: Field, context: RuleContext): void {
  for (const endpoint of items(at(document, 'endpoints'))) {
    const field = at(endpoint, 'url');
    const parsed = url(field);
    if (parsed === undefined) context.error(field, 'a URL is required');
    else if (parsed.scheme !== 'http' && parsed.scheme !== 'https')
      context.error(field, 'the URL must begin with http:// or https://');
  }
}

function tls(document: Field, context: RuleContext): void {
  const ca = at(document, 'ca');
  if (text(ca) !== '' && !isCertificate(text(ca))) context.error(ca, 'the CA is not a certificate in PEM form');
  const identityField = at(document, 'clientIdentity');
  if (!isSet(identityField)) return;
  if (since(context, '1.14')) {
    for (const problem of pairProblems(identityField)) context.error(problem.field, problem.reason);
    return;
  }
  // Before 1.14 the pair stands in base64, and both are read.
  const [crt, key] = [at(identityField, 'crt'), at(identityField, 'key')];
  if (!isCertificate(decoded(crt))) context.error(crt, 'the client certificate cannot be read');
  if (!isPrivateKey(decoded(key))) context.error(key, 'the client key cannot be read');
}

function decoded(field: Field): string {
  return Buffer.from(text(field), 'base64').toString();
}

interface PairProblem {
  readonly field: Field;
  readonly reason: string;
}

/** `cert` and `key` of a pair in PEM text, as 1.14's documents hold them. */
export function pairProblems(pair: Field): readonly PairProblem[] {
  const [cert, key] = [at(pair, 'cert'), at(pair, 'key')];
  const problems: PairProblem[] = [];
  const note = (field: Field, reason: Reason): void => {
    if (reason !== undefined) problems.push({ field, reason });
  };
  note(cert, text(cert) === '' ? 'a certificate is required' : pemProblem(text(cert), 'CERTIFICATE'));
  note(key, text(key) === '' ? 'a key is required' : pemProblem(text(key)));
  return problems;
}

export function isCertificate(pem: string): boolean {
  try {
    readCertificate(pem);
    return true;
  } catch {
    return false;
  }
}

const KEY_LABELS = new Set(['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ED25519 PRIVATE KEY', 'PRIVATE KEY']);

export function isPrivateKey(pem: string): boolean {
  if (!KEY_LABELS.has(pemLabels(pem)[0] ?? '')) return false;
  try {
    readPrivateKey(pem);
    return true;
  } catch {
    return false;
  }
}

function customization(document: Field, context: RuleContext): void {
  const name = at(document, 'name');
  const problem = qualifiedNameProblem(text(name));
  if (problem !== undefined) context.error(name, `the name is not valid: ${problem}`);
  if (text(name) === 'customization')
    context.error(name, 'the name "customization" is kept for the file of the document without kind');
}

function identity(document: Field, context: RuleContext): void {
  const [id, secret] = [at(document, 'clusterID'), at(document, 'clusterSecret')];
  if (text(id) === '') context.error(id, 'clusterID is required');
  if (text(secret) === '') context.error(secret, 'clusterSecret is required');
  else if (!isBase64Of(text(secret), 32)) context.error(secret, 'clusterSecret is 32 bytes in base64');
}

function service(document: Field, context: RuleContext): void {
  const field = at(document, 'endpoint');
  const parsed = url(field);
  if (parsed === undefined) context.error(field, 'an endpoint is required');
  else if (!['http', 'https', 'grpc'].includes(parsed.scheme))
    context.error(field, `the endpoint must begin with http://, https:// or grpc://, not ${quote(parsed.scheme)}`);
  else if (hostnameOf(parsed) === '') context.error(field, 'the endpoint names no host');
}
