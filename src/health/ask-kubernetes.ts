/** Asks the Kubernetes API, and turns every way in which it does not answer into a failed verdict with its reason. */
import { messageOf } from '../errors.ts';
import type { KubernetesSession } from '../kubernetes/port.ts';
import { failed, type HealthInput, type Verdict } from './check.ts';

export async function askKubernetes(
  input: HealthInput,
  question: (session: KubernetesSession) => Promise<Verdict>,
): Promise<Verdict> {
  if (input.kubernetes.kind === 'shut') return failed(input.kubernetes.why);
  try {
    return await question(input.kubernetes.session);
  } catch (reason) {
    input.signal.throwIfAborted();
    return failed(messageOf(reason));
  }
}
