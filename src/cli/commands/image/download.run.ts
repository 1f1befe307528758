import type { IchorContext } from '../../context.ts';
import { requireCluster, selectNodes } from '../../cluster-file.ts';
import { imageFile } from '../../cluster/image-file.ts';
import { print, printJson, say } from '../../output.ts';
import type { DownloadFlags } from './route.ts';

export async function runDownload(this: IchorContext, flags: DownloadFlags, name: string): Promise<void> {
  const cluster = await requireCluster(this, flags.file);
  const [node] = selectNodes(cluster, [name]);
  if (node === undefined) return;
  const file = await imageFile(this, { cluster, node, asset: flags.asset });
  if (flags.output === 'json') return printJson(this, { node: name, ...file });
  say(this, `${file.wasCached ? 'It was there already' : 'Verified'}: ${file.sizeBytes} bytes, SHA-256 ${file.sha256}`);
  print(this, file.path);
}
