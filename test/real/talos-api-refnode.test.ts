/** The Talos API port against refnode: Talos' own COSI server, resource types, PKI and validation behind grpc-go. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTalosConnector } from '../../src/talos-api/sockets.ts';
import { createSystemClock } from '../../src/system.ts';
import { directDialer, type Dialer } from '../../src/world.ts';
import { fails, runTalosApiContract } from '../contract/talos-api.ts';
import { howToBuild, real } from '../support/real.ts';
import { startRefnode, type Refnode } from './refnode-process.ts';

const program = real('refnode');
const clock = createSystemClock();

describe.skipIf(program === undefined)(`refnode (${program === undefined ? howToBuild('refnode') : 'built'})`, () => {
  runTalosApiContract('refnode', new Set(['refused', 'otherCluster', 'maintenance', 'nobody', 'changeStage', 'etcdWaits']), async () => {
    const refnode = await startRefnode(program ?? '');
    return {
      connector: createTalosConnector({ clock, dialer: directDialer }),
      target: refnode.target,
      admin: refnode.credentials('talosconfig'),
      refused: {
        'of another CA': refnode.credentials('foreign'),
        expired: refnode.credentials('expired'),
        'for servers': refnode.credentials('server-eku'),
      },
      otherCluster: refnode.credentials('other-cluster'),
      maintenance: refnode.maintenance,
      nobody: { node: 'nobody', host: '127.0.0.1', port: await freePort() },
      changeStage: (stage) => refnode.command(`stage ${stage}`),
      filtersTypes: false,
      etcdWaits: true,
      close: () => refnode.close(),
    };
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server.address());
  server.close();
  return port;
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address;
}
