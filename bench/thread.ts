/**
 * Works in a thread of its own, so that ours run as in a program without ONNX Runtime.
 *
 * ONNX Runtime's bindings detach an ArrayBuffer when they are loaded. From then on V8 checks every access to typed arrays
 * of that thread for detached buffers, which costs kernels 40 % of their speed; a program without them does not pay.
 *
 * The thread that asks waits for the answer: one contender works at a time.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** A function of bench/contenders.ts with its argument, or for how many milliseconds to repeat what it has prepared. */
type Request = { readonly name: string; readonly argument: unknown } | { readonly ms: number };

/** What a contender prepares: the work, and what it gives when it is done once. */
export interface Contender {
  readonly work: () => unknown;
  readonly result: unknown;
}

export class Thread {
  readonly #worker: Worker;

  constructor() {
    const url = JSON.stringify(import.meta.url);
    // Threads do not inherit tsx in Node 20.
    this.#worker = new Worker(`import('tsx/esm/api').then(({ register }) => (register(), import(${url})))`, {
      eval: true,
    });
  }

  /** Prepares a contender and does its work once. */
  prepare<T>(name: string, argument: unknown): Promise<T> {
    return this.#ask({ name, argument }) as Promise<T>;
  }

  /** Milliseconds that the work takes, on average over as many turns as fill the time. */
  time(ms: number): Promise<number> {
    return this.#ask({ ms }) as Promise<number>;
  }

  stop(): Promise<unknown> {
    return this.#worker.terminate();
  }

  async #ask(request: Request): Promise<unknown> {
    this.#worker.postMessage(request);
    return (await once(this.#worker, 'message'))[0];
  }
}

async function serve(): Promise<void> {
  const contenders = (await import('./contenders.ts')) as unknown as Record<
    string,
    (argument: unknown) => Contender | Promise<Contender>
  >;
  let work: () => unknown = () => undefined;
  parentPort!.on('message', async (request: Request) => {
    if ('name' in request) {
      const contender = await contenders[request.name]!(request.argument);
      work = contender.work;
      parentPort!.postMessage(contender.result);
      return;
    }
    parentPort!.postMessage(repeat(work, request.ms));
  });
}

function repeat(work: () => unknown, ms: number): number {
  const start = performance.now();
  let calls = 0;
  let passed = 0;
  do {
    work();
    calls++;
    passed = performance.now() - start;
  } while (passed < ms);
  return passed / calls;
}

if (!isMainThread && fileURLToPath(import.meta.url).endsWith('thread.ts')) await serve();
