import { hasErrors } from '../../spec/load.ts';
import type { IchorContext } from '../context.ts';
import { loadFile } from '../cluster-file.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { Exit } from '../failure.ts';
import { dataColours, print, printJson } from '../output.ts';
import { countFindings, renderFindings } from '../terminal/findings.ts';
import type { CheckFlags } from './check.ts';

export async function runCheck(this: IchorContext, flags: CheckFlags, file: string = DEFAULT_FILE): Promise<void> {
  const { cluster, findings } = await loadFile(this, file);
  const isBad = hasErrors(findings) || (flags.strict && findings.some((finding) => finding.severity === 'warning'));
  if (flags.output === 'json') {
    printJson(this, { file, ok: !isBad, findings });
  } else {
    if (findings.length > 0) print(this, renderFindings(findings, dataColours(this)));
    const size =
      cluster === undefined
        ? ''
        : `${cluster.name}, ${cluster.nodes.length} ${cluster.nodes.length === 1 ? 'node' : 'nodes'}: `;
    print(this, `${file}: ${size}${countFindings(findings)}`);
  }
  if (isBad) throw new Exit(1);
}
