/** What can go wrong between a factory and whoever asks it; set by tests and by `rehearse`, taken in order. */
import { sleep } from '../../system.ts';
import type { Clock } from '../../system.ts';

export type FactoryFault =
  /** 200 with a web page instead of the file, as captive portals and proxies do. */
  | { readonly kind: 'web-page' }
  /** 200 with these bytes: the setup's 9-byte "image". */
  | { readonly kind: 'content'; readonly content: string }
  /** The connection breaks after so many bytes. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Bytes stop coming after so many, and the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** One byte of the file is another. */
  | { readonly kind: 'flip'; readonly atByte: number }
  | { readonly kind: 'redirect'; readonly location: string }
  /** The build takes so long; the answer comes after it. */
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: 400 | 401 | 402 | 403 | 404 | 500 | 503; readonly text: string };

export interface PlannedFault {
  /** Part of the path; the first fault that fits is taken. */
  readonly path: string;
  readonly fault: FactoryFault;
  /** How many requests it hits; 1 by default. */
  readonly times?: number;
}

export interface FaultPlan {
  add(planned: PlannedFault): void;
  /** The fault that this request meets, counted off. */
  take(path: string): FactoryFault | undefined;
}

export function createFaultPlan(): FaultPlan {
  const left: { readonly path: string; readonly fault: FactoryFault; times: number }[] = [];
  return {
    add: ({ path, fault, times = 1 }) => void left.push({ path, fault, times }),
    take(path) {
      const found = left.find((planned) => planned.times > 0 && path.includes(planned.path));
      if (found === undefined) return undefined;
      found.times -= 1;
      return found.fault;
    },
  };
}

/** The answer under the fault, made out of the right one. */
export async function applyFault(
  fault: FactoryFault,
  clock: Clock,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  switch (fault.kind) {
    case 'web-page':
      return new Response('<!doctype html><title>Sign in</title>', { headers: { 'content-type': 'text/html' } });
    case 'content':
      return new Response(fault.content);
    case 'redirect':
      return new Response(null, { status: 302, headers: { location: fault.location } });
    case 'status':
      return new Response(fault.text, { status: fault.status });
    case 'slow':
      await sleep(clock, fault.ms);
      return answer();
    case 'flip':
      return flipped(await answer(), fault.atByte);
    case 'reset':
    case 'stall':
      return cut(await answer(), fault);
  }
}

async function flipped(answer: Response, atByte: number): Promise<Response> {
  const content = new Uint8Array(await answer.arrayBuffer());
  content[atByte] = (content[atByte] ?? 0) ^ 1;
  return new Response(content, answer);
}

async function cut(
  answer: Response,
  { kind, afterBytes }: { readonly kind: 'reset' | 'stall'; readonly afterBytes: number },
): Promise<Response> {
  const content = new Uint8Array(await answer.arrayBuffer());
  const head = content.subarray(0, afterBytes);
  let isSent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!isSent && head.length > 0) {
        isSent = true;
        controller.enqueue(head);
        return undefined;
      }
      if (kind === 'stall') return new Promise(() => undefined);
      controller.error(new Error('connection reset by the simulated factory'));
      return undefined;
    },
  });
  return new Response(body, answer);
}
