/** What of a talhelper project the cluster file does not hold, or holds in another way. */
import { parseIp } from '../../ip.ts';
import { isRecord } from '../../patch-facts.ts';
import type { ImportNote } from '../note.ts';
import { asText } from '../plain-yaml.ts';
import { isAtLeastMinor } from '../../../catalog/version.ts';
import { factoryOf, machineSpecOf } from './installer.ts';
import type { Project } from './project.ts';
import type { NamedNode } from './import.ts';

export function nodeNotes(project: Project, nodes: readonly NamedNode[]): readonly ImportNote[] {
  return [...projectNotes(project), ...nodes.flatMap((node) => notesOf(project, node))];
}

function projectNotes(project: Project): readonly ImportNote[] {
  const notes: ImportNote[] = [];
  const add = (key: string, kind: ImportNote['kind'], what: string, reason: string): void => {
    notes.push({ kind, place: `${project.file}: ${key}`, what, reason });
  };
  if (!isAtLeastMinor(project.talos, '1.11'))
    add(
      'talosVersion',
      'check',
      project.talos,
      'Ichor manages 1.11 and later: it is imported, and refused by `check` and `render` until it is raised',
    );
  if (isAtLeastMinor(project.talos, '1.14'))
    add(
      'talosVersion',
      'check',
      project.talos,
      'talhelper 3.1.16 writes an early form of the 1.14 documents, so that the two are not held against each other',
    );
  if (asText(project.values['talosVersion']) === undefined)
    add('talosVersion', 'check', project.talos, 'none was written; this is what talhelper 3.1.16 takes');
  if (project.secrets === undefined)
    add(
      'talsecret.sops.yaml',
      'check',
      'no secrets',
      'no secrets file stands beside it; for a cluster that runs, put its own there before anything else',
    );
  const factory = factoryOf(project);
  for (const key of ['schematicEndpoint', 'ISOURLTmpl']) {
    if (factory[key] !== undefined)
      add(
        `imageFactory.${key}`,
        'lost',
        JSON.stringify(factory[key]),
        'the factory is spoken to by its own API; only its address is kept',
      );
  }
  const endpoint = asText(project.values['endpoint']) ?? '';
  if (!/:\d+\/?$/.test(endpoint))
    add('endpoint', 'changed', endpoint, 'the port is written out: 443, which is what an https URL without one means');
  return notes;
}

const MEDIA_KEYS = ['bootMethod', 'imageSuffix', 'useUKI'];

function notesOf(project: Project, { name, source, address }: NamedNode): readonly ImportNote[] {
  const { values } = source;
  const notes: ImportNote[] = [];
  const add = (key: string, kind: ImportNote['kind'], what: string, reason: string): void => {
    notes.push({ kind, place: `${project.file}: nodes[${source.index}].${key}`, what, reason });
  };
  if (source.hostname !== source.hostname.toLowerCase())
    add('hostname', 'changed', source.hostname, 'Kubernetes knows nodes by lower-case names only');
  if (source.addresses.length > 1)
    add(
      'ipAddress',
      'changed',
      `${name} at ${address}`,
      'one config for several machines became as many nodes, each with a name of its own',
    );
  if (values['ignoreHostname'] === true)
    add('ignoreHostname', 'changed', name, 'the name of a node is its host name; talhelper left the naming to Talos');
  if (parseIp(address) === undefined)
    add(
      'ipAddress',
      'changed',
      address,
      'it is a name and no address: give the node its address, or an identity (`mac`, `uuid`)',
    );
  if (isRecord(values['imageSchematic']))
    add('imageSchematic', 'lost', 'a schematic for boot media', 'boot media are made from the node’s own image');
  const { written } = machineSpecOf(source);
  for (const key of MEDIA_KEYS) {
    if (written[key] !== undefined)
      add(
        `machineSpec.${key}`,
        'lost',
        JSON.stringify(written[key]),
        'it says how talhelper names boot media, which is chosen when they are made',
      );
  }
  if (values['filenameTmpl'] !== undefined)
    add(
      'filenameTmpl',
      'lost',
      JSON.stringify(values['filenameTmpl']),
      '`ichor export` names each file after its node',
    );
  if (values['noSchematicValidate'] !== undefined)
    add(
      'noSchematicValidate',
      'lost',
      String(values['noSchematicValidate']),
      '`ichor check` warns of unknown extensions, and never refuses them',
    );
  return notes;
}
