/** Deadlines, heartbeats and dead connections on a clock that stands still, over the in-process door. */
import { Code, ConnectError, createRouterTransport, type HandlerContext, type Transport } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../test/support/manual-clock.ts';
import { EventType, State } from '../gen/proto/cosi/state_pb.ts';
import { MachineService } from '../gen/proto/machine/machine_pb.ts';
import { TimeService } from '../gen/proto/time/time_pb.ts';
import { DEADLINES_MS } from './deadlines.ts';
import { isTalosError } from './errors.ts';
import { createInProcessConnector, type InProcessCaller, type InProcessNetwork } from './in-process.ts';
import type { TalosCredentials, TalosNodeSession } from './port.ts';

const target = { node: 'cp-1', host: '10.0.4.101', port: 50_000 };
const credentials: TalosCredentials = { caPem: 'ca', certPem: 'cert', keyPem: 'key' };

interface StubNode {
  readonly network: InProcessNetwork;
  readonly clock: ManualClock;
  readonly session: TalosNodeSession;
  /** What the node saw. */
  readonly seen: { calls: string[]; callers: InProcessCaller[]; headers: (string | null)[] };
  /** Nothing is answered any more, and nothing refused. */
  silent: boolean;
}

function stubNode(): StubNode {
  const clock = createManualClock();
  const seen: StubNode['seen'] = { calls: [], callers: [], headers: [] };
  const state = { silent: false };
  const until = (context: HandlerContext) =>
    new Promise<never>((_, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason)));
  const transport: Transport = createRouterTransport((router) => {
    router.service(MachineService, {
      async version(_, context) {
        seen.calls.push('version');
        seen.headers.push(context.requestHeader.get('node'));
        if (state.silent) return until(context);
        return { messages: [{ version: { tag: 'v1.13.9', arch: 'amd64' } }] };
      },
      async etcdMemberList(_, context) {
        seen.calls.push('etcdMemberList');
        return until(context);
      },
      async serviceStart() {
        throw new ConnectError('service "x" not defined', Code.Unknown);
      },
    });
    router.service(State, {
      async *watch(request, context) {
        seen.calls.push('watch');
        yield { event: [] };
        const resource = {
          metadata: { namespace: request.namespace, type: request.type, id: 'machine', version: '1' },
          spec: { yamlSpec: 'stage: booting\n' },
        };
        yield { event: [{ eventType: EventType.CREATED, resource }] };
        await until(context);
      },
      async *list() {
        yield {
          resource: { metadata: { namespace: 'runtime', type: 'x', id: 'a', version: '1' }, spec: { yamlSpec: '{}' } },
        };
      },
    });
    router.service(TimeService, {});
  });
  const network: InProcessNetwork = {
    connect(host, port, caller) {
      seen.callers.push(caller);
      return host === target.host && port === target.port
        ? transport
        : Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    },
    fingerprint: () => 'key-1',
  };
  const session = createInProcessConnector({ clock, network }).secure(target, credentials);
  return {
    network,
    clock,
    session,
    seen,
    get silent() {
      return state.silent;
    },
    set silent(value) {
      state.silent = value;
    },
  };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (reason: unknown) => (isTalosError(reason) ? reason.talosCode : `not translated: ${String(reason)}`),
  );
}

describe('deadlines', () => {
  it('gives an etcd call five seconds of the clock, and no real one', async () => {
    const node = stubNode();
    const outcome = codeOf(node.session.etcdMemberList());

    await node.clock.advance(DEADLINES_MS.etcd - 1);
    expect(await Promise.race([outcome, 'pending'])).toBe('pending');
    await node.clock.advance(1);

    expect(await outcome).toBe('deadline');
  });

  it("takes the caller's time over the default", async () => {
    const node = stubNode();
    const outcome = codeOf(node.session.etcdMemberList({}, { timeoutMs: 50 }));

    await node.clock.advance(50);

    expect(await outcome).toBe('deadline');
  });

  it('leaves no timer behind', async () => {
    const node = stubNode();
    await node.session.version();
    await codeOf(node.session.serviceStart('x'));
    for await (const _ of node.session.watchResources({ namespace: 'runtime', type: 'x' })) break;

    expect(node.clock.pending()).toBe(0);
  });
});

describe('a call that went unanswered', () => {
  it('is followed by one question whether the node is there, before the next call goes out', async () => {
    const node = stubNode();
    const hung = codeOf(node.session.etcdMemberList());
    await node.clock.advance(DEADLINES_MS.etcd);
    await hung;

    await node.session.version();

    expect(node.seen.calls).toEqual(['etcdMemberList', 'version', 'version']);
  });

  it('does not end the streams beside it while the node answers', async () => {
    const node = stubNode();
    const events: string[] = [];
    const reading = (async () => {
      for await (const event of node.session.watchResources({ namespace: 'runtime', type: 'x' }))
        events.push(event.kind);
    })();
    const outcome = codeOf(reading);
    const hung = codeOf(node.session.etcdMemberList());
    await node.clock.advance(DEADLINES_MS.etcd);

    expect(await hung).toBe('deadline');
    await node.clock.advance(60_000);
    expect(await Promise.race([outcome, 'open'])).toBe('open');
    expect(events).toEqual(['created']);
    node.session.close();
    expect(await outcome).toBe('cancelled');
  });
});

describe('a followed stream', () => {
  it('ends as unreachable when the node falls silent', async () => {
    const node = stubNode();
    const reading = (async () => {
      for await (const _ of node.session.watchResources({ namespace: 'runtime', type: 'x' })) node.silent = true;
    })();
    const outcome = codeOf(reading);

    await node.clock.advance(DEADLINES_MS.heartbeatEvery + DEADLINES_MS.heartbeat - 1);
    expect(await Promise.race([outcome, 'open'])).toBe('open');
    await node.clock.advance(1);

    expect(await outcome).toBe('unreachable');
  });

  it('asks the node that the calls are routed to', async () => {
    const { network, clock, seen } = stubNode();
    const session = createInProcessConnector({ clock, network }).secure(
      { node: 'w-1', host: '10.0.4.120', port: 50_000 },
      credentials,
      { via: target },
    );

    await session.version();

    expect(seen.headers).toEqual(['10.0.4.120']);
  });
});

describe('the door', () => {
  it('tells the node who calls', async () => {
    const { network, clock, seen } = stubNode();
    const connector = createInProcessConnector({ clock, network });

    await connector.maintenance(target).version();
    await connector.secure(target, credentials).version();

    expect(seen.callers).toEqual([{ kind: 'maintenance' }, { kind: 'certificate', ...credentials }]);
  });

  it('translates what dialling met', async () => {
    const { network, clock } = stubNode();

    expect(
      await codeOf(
        createInProcessConnector({ clock, network })
          .maintenance({ ...target, port: 1 })
          .version(),
      ),
    ).toBe('unreachable');
  });

  it('refuses another key than the pinned one before the call', async () => {
    const { network, clock, seen } = stubNode();
    const connector = createInProcessConnector({ clock, network });

    expect(await codeOf(connector.maintenance(target, { fingerprint: 'key-2' }).version())).toBe(
      'fingerprint-mismatch',
    );
    expect(seen.calls).toEqual([]);
    expect(await codeOf(connector.maintenance(target, { fingerprint: 'key-1' }).version())).toBe('ok');
  });

  it('ends open calls when the session is closed, and refuses later ones', async () => {
    const node = stubNode();
    const hung = codeOf(node.session.etcdMemberList());
    await node.clock.advance(1);
    node.session.close();

    expect(await hung).toBe('cancelled');
    expect(await codeOf(node.session.version())).toBe('cancelled');
  });
});
