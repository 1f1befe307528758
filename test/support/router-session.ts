/** A session whose far end is a few handlers of the test. */
import { createRouterTransport, type ConnectRouter } from '@connectrpc/connect';
import { createInProcessConnector } from '../../src/talos-api/in-process.ts';
import type { TalosNodeSession } from '../../src/talos-api/port.ts';
import { createSystemClock } from '../../src/system.ts';

export function sessionOver(routes: (router: ConnectRouter) => void): TalosNodeSession {
  const transport = createRouterTransport(routes);
  const connector = createInProcessConnector({ clock: createSystemClock(), network: { connect: () => transport } });
  return connector.secure({ node: 'cp-1', host: '10.0.4.101', port: 50_000 }, { caPem: '', certPem: '', keyPem: '' });
}
