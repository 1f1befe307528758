/**
 * The same contract against a node of your own: ICHOR_TALOS_NODE=10.0.4.101 (or HOST:PORT), with the credentials of TALOSCONFIG's
 * present context. Only reads, and one config that every node refuses; nothing is changed.
 */
import { describe } from 'vitest';
import { createSystemClock } from '../../src/system.ts';
import { createTalosConnector } from '../../src/talos-api/sockets.ts';
import { TALOS_API_PORT } from '../../src/talos-api/port.ts';
import { directDialer } from '../../src/world.ts';
import { runTalosApiContract } from '../contract/talos-api.ts';
import { readTalosconfigCredentials } from '../support/talosconfig.ts';
import { noteSkip } from '../support/real.ts';

const node = process.env['ICHOR_TALOS_NODE'] ?? '';
if (node === '') noteSkip('needs a real Talos node: set ICHOR_TALOS_NODE to its address and TALOSCONFIG');

describe.skipIf(node === '')(`a real node (${node === '' ? 'set ICHOR_TALOS_NODE and TALOSCONFIG' : node})`, () => {
  runTalosApiContract(node, new Set(['filtersTypes']), async () => {
    const [, host = node, port = String(TALOS_API_PORT)] = /^(.*):(\d+)$/.exec(node) ?? [];
    return {
      connector: createTalosConnector({ clock: createSystemClock(), dialer: directDialer }),
      target: { node, host, port: Number(port) },
      admin: readTalosconfigCredentials(process.env['TALOSCONFIG'] ?? ''),
      filtersTypes: true,
      etcdWaits: false,
      close: async () => {},
    };
  });
});
