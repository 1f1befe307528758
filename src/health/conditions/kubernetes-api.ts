/** The API server of a control plane says that it is ready. */
import { messageOf } from '../../errors.ts';
import { failed, succeeded, type HealthCheck } from '../check.ts';

export const kubernetesApi: HealthCheck = {
  name: 'kubernetes-api',
  title: 'Kubernetes API is ready',
  stage: 'kubernetes-api',
  async check(input) {
    if (input.kubernetes.kind === 'shut') return failed(input.kubernetes.why);
    const { session } = input.kubernetes;
    try {
      await session.ready({ signal: input.signal });
      return succeeded(`${session.target.host} is ready, version ${await session.version({ signal: input.signal })}`);
    } catch (reason) {
      input.signal.throwIfAborted();
      return failed(messageOf(reason));
    }
  },
};
