import { ModelError } from '../../support/errors.ts';

/** A thread that runs worker.ts, as the pool sees it. */
export interface Thread {
  post(message: unknown): void;
  stop(): void;
}

/** What is used of a browser's Worker. */
interface BrowserWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  onerror: ((event: { readonly message?: string }) => void) | null;
}

declare const Worker: (new (url: URL, options: { type: 'module' }) => BrowserWorker) | undefined;

/**
 * Starts a thread, in Node as a worker thread that does not keep the process alive, in a browser as a module worker.
 *
 * @param failed called when the thread cannot start, or dies of an error
 * @throws ModelError `no-threads` where there are none
 */
export function startThread(failed: (reason: string) => void): Thread {
  const node = nodeThreads();
  if (node !== undefined) return startNodeThread(node, failed);
  if (typeof Worker === 'undefined') {
    throw new ModelError('no-threads', 'There is neither Worker nor node:worker_threads here.', {
      fix: 'Leave out `threads`.',
    });
  }
  // Bundlers look for these very words.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.onerror = ({ message = 'the worker could not be loaded' }) => failed(message);
  return { post: (message) => worker.postMessage(message), stop: () => worker.terminate() };
}

/** What is used of node:worker_threads. */
interface NodeThreads {
  readonly Worker: new (script: URL | string, options: { execArgv: string[]; eval?: boolean }) => NodeWorker;
  readonly parentPort: { on(event: 'message', listener: (message: never) => void): void } | null;
}

interface NodeWorker {
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): void;
  unref(): void;
}

/** Node's module of worker threads, without an import that a bundler for browsers would stumble over. */
export function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.('node:worker_threads') as NodeThreads | undefined;
}

function startNodeThread(threads: NodeThreads, failed: (reason: string) => void): Thread {
  const worker = import.meta.url.endsWith('.ts')
    ? startFromSource(threads)
    : new threads.Worker(new URL('./worker.js', import.meta.url), { execArgv: [] });
  worker.on('error', (error: Error) => failed(error.message));
  worker.unref();
  return { post: (message) => worker.postMessage(message), stop: () => void worker.terminate() };
}

/** From TypeScript, as in our tests: threads of Node 20 do not inherit the loader of their process. */
function startFromSource(threads: NodeThreads) {
  const url = JSON.stringify(new URL('./worker.ts', import.meta.url).href);
  const loader = JSON.stringify('tsx/esm/api');
  const script = `import(${loader}).then(({ register }) => (register(), import(${url})))`;
  return new threads.Worker(script, { eval: true, execArgv: [] });
}
