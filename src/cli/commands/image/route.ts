/** `ichor image …`: what each node's image is made of, where it is to be had, and whether the node runs it. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { IchorContext } from '../../context.ts';
import { docsOf } from '../../docs.ts';
import {
  fileFlag,
  nodeFlag,
  outputFlag,
  worldFlag,
  type FileFlags,
  type NodeFlags,
  type OutputFlags,
  type WorldFlags,
} from '../../flags.ts';

export interface ImageFlags extends FileFlags, NodeFlags, OutputFlags {}

const shared = { flags: { ...fileFlag, ...nodeFlag, ...outputFlag }, aliases: { f: 'file', n: 'node' } } as const;

const list = buildCommand<ImageFlags, [], IchorContext>({
  loader: async () => (await import('./list.run.ts')).runList,
  parameters: shared,
  docs: { brief: 'The image of each node: schematic, extensions, kernel arguments, installer' },
});

const explain = buildCommand<ImageFlags, [], IchorContext>({
  loader: async () => (await import('./list.run.ts')).runExplainImage,
  parameters: shared,
  docs: {
    brief: 'Why each part is in the image of a node: which hardware, feature or key asked for it, and what it is for',
  },
});

const urls = buildCommand<ImageFlags, [], IchorContext>({
  loader: async () => (await import('./list.run.ts')).runUrls,
  parameters: shared,
  docs: {
    brief:
      'Every address of each node’s image: installer, ISO, PXE, kernel, initramfs, disk image; --output json for other tools',
  },
});

const schematic = buildCommand<ImageFlags, [], IchorContext>({
  loader: async () => (await import('./list.run.ts')).runSchematic,
  parameters: shared,
  docs: { brief: 'The schematic of each node as canonical YAML, as an Image Factory takes it' },
});

const id = buildCommand<OutputFlags, [string], IchorContext>({
  loader: async () => (await import('./id.run.ts')).runId,
  parameters: {
    flags: { ...outputFlag },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A schematic, YAML or JSON; - for standard input', parse: String, placeholder: 'FILE' }],
    },
  },
  docs: docsOf(
    'The id that an Image Factory gives to a schematic, computed here',
    'No factory is asked. Equal to what `curl --data-binary @FILE https://factory.talos.dev/schematics` answers.',
  ),
});

export interface DiffFlags extends ImageFlags, WorldFlags {}

const diff = buildCommand<DiffFlags, [], IchorContext>({
  loader: async () => (await import('./diff.run.ts')).runDiff,
  parameters: { flags: { ...fileFlag, ...nodeFlag, ...worldFlag, ...outputFlag }, aliases: { f: 'file', n: 'node' } },
  docs: docsOf(
    'What each node runs now against what it is to run: version, schematic, extensions',
    'Reads the nodes; nothing is changed.\nExit code 0: all run what they are to. 2: some do not. 5: nothing could be reached.',
  ),
});

const assets = ['iso', 'diskImage', 'kernel', 'initramfs', 'uki'] as const;

export interface DownloadFlags extends FileFlags, OutputFlags {
  readonly asset: (typeof assets)[number];
}

const nodePositional = {
  kind: 'tuple',
  parameters: [{ brief: 'A node of the cluster file', parse: String, placeholder: 'NODE' }],
} as const;

const download = buildCommand<DownloadFlags, [string], IchorContext>({
  loader: async () => (await import('./download.run.ts')).runDownload,
  parameters: {
    flags: {
      ...fileFlag,
      asset: { kind: 'enum', values: assets, brief: 'What to download', default: 'iso' },
      ...outputFlag,
    },
    positional: nodePositional,
    aliases: { f: 'file' },
  },
  docs: docsOf(
    'Download a node’s image into the cache, resumed and verified; prints where it lies',
    'The schematic is given to the factory when it does not know it yet. The cache is $XDG_CACHE_HOME/ichor/images.',
  ),
});

export interface UsbFlags extends FileFlags {
  readonly device?: string;
  readonly image?: string;
  readonly confirm?: string;
}

const usb = buildCommand<UsbFlags, [string], IchorContext>({
  loader: async () => (await import('./usb.run.ts')).runUsb,
  parameters: {
    flags: {
      ...fileFlag,
      device: {
        kind: 'parsed',
        parse: String,
        brief: 'The stick; without it the removable disks are listed',
        optional: true,
        placeholder: '/dev/sdX',
      },
      image: {
        kind: 'parsed',
        parse: String,
        brief: 'An image that is here already, instead of a download',
        optional: true,
        placeholder: 'FILE',
      },
      confirm: {
        kind: 'parsed',
        parse: String,
        brief: 'The name of the device, where nobody can be asked for it',
        optional: true,
        placeholder: 'NAME',
      },
    },
    positional: nodePositional,
    aliases: { f: 'file' },
  },
  docs: docsOf(
    'Write a node’s ISO to a stick: what is on the stick is lost',
    'Refuses disks that are mounted, hold this system or are not removable. Asks for the device’s name, writes, reads back and compares.',
  ),
});

export const imageRoutes = buildRouteMap({
  routes: { list, explain, urls, schematic, id, diff, download, usb },
  docs: { brief: 'Images of the nodes: schematics, addresses, downloads, sticks' },
});
