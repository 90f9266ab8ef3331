import { ModelError } from '../../support/errors.ts';
import type { Numbers } from '../array.ts';
import { startThread, type Thread } from './start.ts';

/** Threads that share the work of large layers with the thread that calls. */
export interface Threads {
  /** How many there are, the calling one included. */
  readonly count: number;
  /** Until then the calling thread works with those that are there; rejects where one cannot start. */
  readonly ready: Promise<void>;
  /** Bytes of shared memory for operands and results that threads do not see where they lie. */
  readonly bytes: number;
  /** Gives that memory back: a run begins. */
  release(): void;
  close(): void;
}

/** What a thread is told to do: to take one share after another of a piece of work, as long as there are any. */
export interface Job<W = unknown, S = unknown> {
  readonly work: W;
  /** Keys of the numbers that the work needs and the thread keeps. */
  readonly lasting: readonly number[];
  readonly shares: readonly S[];
}

export interface Order<W = unknown, S = unknown> extends Job<W, S> {
  readonly ticket: number;
}

/** Numbers that a thread is to keep for later orders, or to forget. */
export interface Parcel {
  readonly key: number;
  readonly numbers: Float64Array | undefined;
}

/** What a thread is told first. */
export interface Greeting {
  /** The number of the next share to take, then the state of each thread. */
  readonly states: Int32Array;
  /** Where the thread's own state is. */
  readonly index: number;
}

/**
 * States of a thread. An order is `orderedBy` its ticket until the thread begins with it, then `begunBy` it; an order that
 * the thread has not begun can be called off.
 */
export const idle = 1;
export const failed = 3;
export const orderedBy = (ticket: number) => 4 * ticket;
export const begunBy = (ticket: number) => 4 * ticket + 2;

/** Takes shares and computes them until none are left. */
export function takeShares<S>(states: Int32Array, shares: readonly S[], compute: (share: S) => void): void {
  for (;;) {
    const share = shares[Atomics.add(states, 0, 1)];
    if (share === undefined) return;
    compute(share);
  }
}

/** Milliseconds after which a thread that does not answer is given up. */
const patience = 60_000;

/** The threads behind `openThreads`. */
export class ThreadPool implements Threads {
  readonly count: number;
  readonly ready: Promise<void>;
  readonly #threads: Thread[] = [];
  readonly #states: Int32Array;
  #isClosed = false;
  #ticket = 0;
  #keysGiven = 0;
  readonly #keys = new WeakMap<Float64Array, number>();
  readonly #forgotten = new FinalizationRegistry<number>((key) => this.#tell({ key, numbers: undefined }));
  readonly #inputs: Uint8Array[] = [];
  #output = new Uint8Array(0);

  constructor(count: number) {
    if (!Number.isInteger(count) || count < 1 || count > 256) {
      throw new ModelError('bad-threads', `A run can use 1 to 256 threads, not ${count}.`);
    }
    this.count = count;
    this.#states = new Int32Array(count === 1 ? new ArrayBuffer(4) : sharedBuffer(4 * count));
    let fail: (error: Error) => void = () => undefined;
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    for (let index = 1; index < count; index++) {
      const thread = startThread((reason) => {
        Atomics.store(this.#states, index, failed);
        fail(new ModelError('no-threads', `A thread has failed: ${reason}`, { fix: 'Leave out `threads`.' }));
      });
      const greeting: Greeting = { states: this.#states, index };
      thread.post(greeting);
      this.#threads.push(thread);
    }
    this.ready = Promise.race([this.#waitUntilReady(), failure]);
    // Who does not wait need not hear of it: the calling thread does all the work then.
    this.ready.catch(() => undefined);
  }

  /** How many threads can take a share now, the calling one included. */
  get available(): number {
    if (this.#isClosed) return 1;
    let sum = 1;
    for (let i = 1; i < this.count; i++) if (Atomics.load(this.#states, i) === idle) sum++;
    return sum;
  }

  /**
   * Has the shares of a job computed, some by the calling thread with `compute`, and returns when all are done.
   *
   * @param job all that is large in its work should be shared memory, as it is copied otherwise
   * @throws ModelError `lost-thread` when a thread does not answer; what `compute` throws
   */
  run<S>(job: Job<unknown, S>, compute: (share: S) => void): void {
    const { shares } = job;
    const ticket = this.#nextTicket();
    const order: Order<unknown, S> = { ...job, ticket };
    const asked: number[] = [];
    Atomics.store(this.#states, 0, 0);
    this.#threads.forEach((thread, i) => {
      if (Atomics.compareExchange(this.#states, i + 1, idle, orderedBy(ticket)) !== idle) return;
      thread.post(order);
      asked.push(i + 1);
    });
    try {
      takeShares(this.#states, shares, compute);
    } finally {
      const states = asked.map((index) => this.#await(index, ticket));
      // What a thread has failed at, nobody knows; done here, it shows.
      if (states.includes(failed)) shares.forEach(compute);
    }
  }

  /** Tickets begin again before they outgrow a state. */
  #nextTicket(): number {
    this.#ticket = (this.#ticket % 2 ** 28) + 1;
    return this.#ticket;
  }

  get bytes(): number {
    return this.#inputs.reduce((sum, { length }) => sum + length, this.#output.length);
  }

  release(): void {
    this.#inputs.length = 0;
    this.#output = new Uint8Array(0);
  }

  /**
   * Bytes where threads see them: themselves if they do, else a copy that lasts until the next call.
   *
   * @param which of the inputs of one piece of work
   */
  shareInput(bytes: Uint8Array, which = 0): Uint8Array {
    if (isShared(bytes)) return bytes;
    let copy = this.#inputs[which];
    if (copy === undefined || copy.length < bytes.length)
      copy = this.#inputs[which] = new Uint8Array(sharedBuffer(bytes.length));
    copy.set(bytes);
    return copy.subarray(0, bytes.length);
  }

  /** Room for a result where threads see it: itself if they do, else memory that lasts until the next call. */
  shareOutput(result: Numbers): Numbers {
    if (isShared(result)) return result;
    const { byteLength } = result;
    if (this.#output.length < byteLength) this.#output = new Uint8Array(sharedBuffer(byteLength));
    const ArrayType = result.constructor as new (
      buffer: ArrayBuffer,
      start: number,
      count: number,
    ) => Numbers;
    return new ArrayType(this.#output.buffer as ArrayBuffer, 0, result.length);
  }

  /**
   * Sees that each thread has a copy of numbers that never change, as long as they live.
   *
   * @returns the key under which the threads know them
   */
  keep(numbers: Float64Array): number {
    const known = this.#keys.get(numbers);
    if (known !== undefined) return known;
    const key = this.#keysGiven++;
    this.#keys.set(numbers, key);
    // Not shared memory: copying out of that takes V8 three times as long, and kernels copy weights all the time.
    this.#tell({ key, numbers });
    this.#forgotten.register(numbers, key);
    return key;
  }

  #tell(parcel: Parcel): void {
    for (const thread of this.#threads) thread.post(parcel);
  }

  close(): void {
    this.#isClosed = true;
    for (const thread of this.#threads) thread.stop();
    this.#threads.length = 0;
  }

  async #waitUntilReady(): Promise<void> {
    while (!this.#isClosed && this.available < this.count) await new Promise((done) => setTimeout(done, 1));
  }

  /**
   * Calls the order off, or waits until the thread is done with it; where waiting is not allowed, as in a browser's main
   * thread, by looking again and again.
   */
  #await(index: number, ticket: number): number {
    const ordered = orderedBy(ticket);
    if (Atomics.compareExchange(this.#states, index, ordered, idle) === ordered) return idle;
    const end = performance.now() + patience;
    for (;;) {
      const state = Atomics.load(this.#states, index);
      if (state !== begunBy(ticket)) return state;
      if (performance.now() > end) {
        Atomics.store(this.#states, index, failed);
        throw new ModelError('lost-thread', `A thread has not answered for ${patience / 1000} seconds.`, {
          fix: 'Run with fewer threads.',
        });
      }
      waitFor(this.#states, index, state);
    }
  }
}

let mayWait = true;

function waitFor(states: Int32Array, index: number, state: number): void {
  if (!mayWait) return;
  try {
    Atomics.wait(states, index, state, 1000);
  } catch {
    mayWait = false;
  }
}

function isShared({ buffer }: ArrayBufferView): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}

/** @throws ModelError `no-threads` where memory cannot be shared */
function sharedBuffer(bytes: number): ArrayBuffer {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new ModelError('no-threads', 'Threads need SharedArrayBuffer, which is not available here.', {
      fix: 'Serve the page with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or leave out `threads`.',
    });
  }
  return new SharedArrayBuffer(bytes) as unknown as ArrayBuffer;
}

/**
 * Starts threads for kernels to share their work with: `count` in all, the calling one included. Results do not depend on
 * how many there are.
 *
 * @throws ModelError `bad-threads`, `no-threads` where there is no SharedArrayBuffer or Worker
 */
export function openThreads(count: number): Threads {
  return new ThreadPool(count);
}

let current: ThreadPool | undefined;

/** The threads that the run in progress may use. */
export function currentThreads(): ThreadPool | undefined {
  return current;
}

/** Runs `work` with threads for kernels to use, or without any. */
export function withThreads<T>(threads: Threads | undefined, work: () => T): T {
  const outer = current;
  current = threads as ThreadPool | undefined;
  try {
    return work();
  } finally {
    current = outer;
  }
}
