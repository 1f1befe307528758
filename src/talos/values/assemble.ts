/**
 * Which documents may stand together in one config, and in which order: what Talos' container checks when a config is loaded or
 * has been patched. What the documents say is validation's matter.
 */
import { IchorError } from '../../errors.ts';
import type { TalosMinor } from '../documents/tables.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import type { ConfigDocument } from './document.ts';
import { isStruct } from './value.ts';

/** The document without kind first, the others in their order; twice the same, or two that exclude each other, is an error. */
export function assemble(documents: readonly ConfigDocument[], minor: TalosMinor): readonly ConfigDocument[] {
  const legacy = documents.filter(isLegacy);
  if (legacy.length > 1) throw new IchorError('invalid-input', 'the config holds more than one document without kind');
  const others = documents.filter((document) => !isLegacy(document));
  const seen = new Set<string>();
  const excluded = new Map<string, string>();
  const links = new Map<string, string>();
  for (const document of others) {
    const id = `${document.documentKind}/${document.name}`;
    if (seen.has(id)) throw new IchorError('invalid-input', `the config holds the document ${id} twice`);
    seen.add(id);
    const before = excluded.get(id);
    if (before !== undefined) throw conflicting(before, id);
    for (const kind of excludedKinds(document.documentKind)) {
      const other = `${kind}/${document.name}`;
      if (seen.has(other)) throw conflicting(other, id);
      excluded.set(other, id);
    }
    if (isAtLeast(minor, '1.14')) claimLinks(document, id, links);
  }
  return [...legacy, ...others];
}

const LINK_KINDS = [
  'BondConfig',
  'BridgeConfig',
  'DummyLinkConfig',
  'LinkConfig',
  'VethConfig',
  'VLANConfig',
  'VRFConfig',
  'WireguardConfig',
];
const PAIRS = [
  ['HCloudVIPConfig', 'Layer2VIPConfig'],
  ['ExistingVolumeConfig', 'UserVolumeConfig'],
];

function isLegacy(document: ConfigDocument): boolean {
  return document.kind === 'typed' && document.documentKind === 'v1alpha1';
}

/** Kinds of which none may have the same name. */
function excludedKinds(kind: string): readonly string[] {
  const group = [LINK_KINDS, ...PAIRS].find((kinds) => kinds.includes(kind)) ?? [];
  return group.filter((other) => other !== kind);
}

/** From 1.14 on, a veth pair also claims its peer's name. */
function claimLinks(document: ConfigDocument, id: string, links: Map<string, string>): void {
  if (!LINK_KINDS.includes(document.documentKind) || document.kind !== 'typed') return;
  const peer = document.documentKind === 'VethConfig' ? document.value.fields.get('peer') : undefined;
  const peerName = isStruct(peer) ? peer.fields.get('name') : undefined;
  const names =
    document.documentKind === 'VethConfig'
      ? [document.name, typeof peerName === 'string' ? peerName : '']
      : [document.name];
  for (const name of names) {
    const owner = links.get(name);
    if (owner !== undefined) {
      throw new IchorError(
        'invalid-input',
        `the documents ${owner} and ${id} both configure the link ${JSON.stringify(name)}`,
      );
    }
    links.set(name, id);
  }
}

function conflicting(one: string, other: string): IchorError {
  return new IchorError('invalid-input', `the documents ${one} and ${other} exclude each other`);
}
