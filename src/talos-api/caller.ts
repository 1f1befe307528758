/**
 * What all calls of a session share: deadlines by the clock, the `node` metadata, translation of failures, the heartbeat beside
 * followed streams, and the decision whether a connection is dead (stack.md traps 4 and 5).
 */
import { createClient, type Client } from '@connectrpc/connect';
import type { DescService } from '@bufbuild/protobuf';
import { MachineService } from '../gen/proto/machine/machine_pb.ts';
import { DeadlineExceeded, withDeadline, type Clock } from '../system.ts';
import type { NodeChannel } from './channel.ts';
import { DEADLINES_MS } from './deadlines.ts';
import { isTalosError, TalosApiError, talosErrorFrom } from './errors.ts';
import type { CallOptions } from './port.ts';

export interface CallerOptions {
  readonly clock: Clock;
  readonly channel: NodeChannel;
  /** For messages: `cp-1 (10.0.4.101:50000)`. */
  readonly node: string;
  /** Address for the `node` metadata when the dialled node is another one. */
  readonly routeTo?: string;
}

/** What a generated client's method takes. */
export interface WireOptions {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UnaryCall<T> {
  readonly call: string;
  readonly deadlineMs: number;
  readonly options: CallOptions | undefined;
  run(wire: WireOptions): Promise<T>;
}

export interface StreamCall<T> {
  readonly call: string;
  /** `followed` streams may be silent; a heartbeat beside them proves that the node is there. */
  readonly kind: 'finite' | 'followed';
  readonly silenceMs?: number;
  readonly options: CallOptions | undefined;
  run(wire: WireOptions): AsyncIterable<T>;
}

export class Caller {
  readonly #options: CallerOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #probe: Promise<void> | undefined;
  #closed = false;

  constructor(options: CallerOptions) {
    this.#options = options;
    // One value, never `nodes`: COSI and the newer services refuse fan-out (talos-1-api.md §1.2).
    this.#headers = options.routeTo === undefined ? {} : { node: options.routeTo };
  }

  client<S extends DescService>(service: S): Client<S> {
    return createClient(service, this.#options.channel.transport);
  }

  async unary<T>(request: UnaryCall<T>): Promise<T> {
    await this.#ready(request);
    const { clock } = this.#options;
    const deadline = withDeadline(clock, request.options?.timeoutMs ?? request.deadlineMs, request.options?.signal);
    try {
      deadline.signal.throwIfAborted();
      return await settledBy(deadline.signal, request.run({ signal: deadline.signal, headers: this.#headers }));
    } catch (reason) {
      throw this.#failed(reason, request.call, deadline.signal);
    } finally {
      deadline.dispose();
    }
  }

  async *stream<T>(request: StreamCall<T>): AsyncGenerator<T, void, undefined> {
    await this.#ready(request);
    const controller = new AbortController();
    const parent = request.options?.signal;
    const onParent = (): void => controller.abort(parent?.reason);
    if (parent?.aborted) onParent();
    parent?.addEventListener('abort', onParent, { once: true });
    const watch = this.#watchSilence(request, controller);
    try {
      controller.signal.throwIfAborted();
      const messages = request.run({ signal: controller.signal, headers: this.#headers })[Symbol.asyncIterator]();
      for (;;) {
        const next = await settledBy(controller.signal, messages.next());
        if (next.done === true) return;
        watch.heard();
        yield next.value;
      }
    } catch (reason) {
      throw this.#failed(reason, request.call, controller.signal);
    } finally {
      watch.stop();
      parent?.removeEventListener('abort', onParent);
      controller.abort(); // Ends the call when the consumer broke out of its loop; nothing when it had ended.
    }
  }

  close(): void {
    this.#closed = true;
    this.#options.channel.close();
  }

  #failed(reason: unknown, call: string, signal: AbortSignal | undefined): TalosApiError {
    const { node } = this.#options;
    if (this.#closed)
      return new TalosApiError('cancelled', `${node}: ${call} was stopped: the session was closed`, { cause: reason });
    const error = talosErrorFrom(reason, signal === undefined ? { node, call } : { node, call, signal });
    // A peer that died without a word leaves a connection that swallows every later call; but Etcd calls hang on healthy nodes, and
    // dropping would end the streams beside them. So ask, and only drop what does not answer.
    if (isTalosError(error, 'deadline', 'unreachable') && this.#options.channel.isOpen()) this.#suspect();
    return error;
  }

  /** Waits while it is unknown whether the connection is alive: at most as long as a probe, which no call's deadline counts. */
  async #ready({ call, options }: Pick<UnaryCall<unknown>, 'call' | 'options'>): Promise<void> {
    const probe = this.#probe;
    if (probe === undefined) return;
    const signal = options?.signal;
    try {
      await (signal === undefined ? probe : settledBy(signal, probe));
    } catch (reason) {
      throw this.#failed(reason, call, signal);
    }
  }

  #suspect(): void {
    this.#probe ??= this.#isAlive(DEADLINES_MS.probe)
      .then((alive) => {
        if (!alive && !this.#closed) this.#options.channel.drop();
      })
      .finally(() => {
        this.#probe = undefined;
      });
  }

  /** Any answer is a sign of life, a refusal too: Version is not served in maintenance on ≤1.12. Never an HTTP/2 ping: nodes count them (F1-30). */
  async #isAlive(timeoutMs: number): Promise<boolean> {
    const deadline = withDeadline(this.#options.clock, timeoutMs);
    try {
      await settledBy(deadline.signal, this.client(MachineService).version({}, { signal: deadline.signal }));
      return true;
    } catch (reason) {
      const error = talosErrorFrom(reason, { node: this.#options.node, call: 'Version', signal: deadline.signal });
      return !isTalosError(error, 'deadline', 'unreachable');
    } finally {
      deadline.dispose();
    }
  }

  #watchSilence(request: StreamCall<unknown>, controller: AbortController): { heard(): void; stop(): void } {
    const { clock, node } = this.#options;
    let cancel: () => void = () => {};
    let stopped = false;
    const limitMs =
      request.options?.timeoutMs ??
      (request.kind === 'finite' ? (request.silenceMs ?? DEADLINES_MS.silence) : undefined);
    const giveUp = (why: string): void => controller.abort(new DeadlineExceeded(why));
    const arm = (): void => {
      cancel();
      if (stopped) return;
      if (limitMs !== undefined) {
        cancel = clock.setTimer(limitMs, () => giveUp(`nothing came for ${Math.round(limitMs)} ms`));
        return;
      }
      cancel = clock.setTimer(DEADLINES_MS.heartbeatEvery, () => {
        void this.#isAlive(DEADLINES_MS.heartbeat).then((alive) => {
          if (alive || stopped) arm();
          else
            controller.abort(
              new TalosApiError('unreachable', `${node} stopped answering while ${request.call} was followed`),
            );
        });
      });
    };
    arm();
    return {
      heard: () => {
        if (limitMs !== undefined || request.kind === 'followed') arm();
      },
      stop() {
        stopped = true;
        cancel();
      },
    };
  }
}

/**
 * The promise, or the signal's reason as soon as it is aborted: a transport may take its time to notice. `promise` is never left
 * unhandled.
 */
function settledBy<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
