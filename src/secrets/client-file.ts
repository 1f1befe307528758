/**
 * The person's own talosconfig and kubeconfig: read, merged, and put back whole with mode 0600.
 */
import { dirname } from 'node:path';
import { ensurePrivateFolder, readOptionalFile, replacePrivateFile } from './private-file.ts';
import { mergeKubeconfig, type KubeconfigEntry } from './kubeconfig.ts';
import { mergeTalosconfig, type Merged, type MergeOptions, type TalosContext } from './talosconfig.ts';

export interface MergedFile extends Merged {
  readonly path: string;
}

export type MergeFileOptions = Omit<MergeOptions, 'file'> & { readonly path: string };

export async function mergeTalosconfigFile(context: TalosContext, options: MergeFileOptions): Promise<MergedFile> {
  return mergeFile(options.path, (existing) => mergeTalosconfig(existing, context, { ...options, file: options.path }));
}

export async function mergeKubeconfigFile(
  entry: KubeconfigEntry,
  options: Omit<MergeFileOptions, 'name'>,
): Promise<MergedFile> {
  return mergeFile(options.path, (existing) => mergeKubeconfig(existing, entry, { ...options, file: options.path }));
}

async function mergeFile(path: string, merge: (existing: string | undefined) => Merged): Promise<MergedFile> {
  const merged = merge(await readOptionalFile(path));
  await ensurePrivateFolder(dirname(path));
  await replacePrivateFile(path, merged.text);
  return { ...merged, path };
}
