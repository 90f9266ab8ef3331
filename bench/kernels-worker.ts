/**
 * Runs our integer convolution in a thread of its own, while the thread that asks for it waits.
 *
 * ONNX Runtime's bindings detach an ArrayBuffer when they are loaded. From then on V8 checks every access to typed arrays
 * of that thread for detached buffers, which costs these kernels 40 % of their speed; a program without them does not pay.
 */
import { parentPort } from 'node:worker_threads';
import { tensor } from '../src/ir/index.ts';
import { fromTensor } from '../src/runtime/array.ts';
import { convolveBytes, type IntegerSums } from '../src/runtime/integer/convolve.ts';

/** A layer to work on, or for how many milliseconds to work on it. */
export type Request =
  | {
      readonly xDims: readonly number[];
      readonly x: Uint8Array;
      readonly wDims: readonly number[];
      readonly w: Int8Array;
      readonly attributes: Readonly<Record<string, number | number[]>>;
      readonly zero: number;
    }
  | { readonly ms: number };

let work: (() => IntegerSums) | undefined;

parentPort!.on('message', (request: Request) => {
  if ('x' in request) {
    const x = fromTensor(tensor('uint8', request.xDims, request.x));
    const w = fromTensor(tensor('int8', request.wDims, request.w));
    const first = convolveBytes(x, w, request.attributes, request.zero);
    // Sums go where those of the last turn were, as in a run that uses its buffers again.
    work = () => convolveBytes(x, w, request.attributes, request.zero, [0], first.sums);
    parentPort!.postMessage(first.sums);
    return;
  }
  const start = performance.now();
  let calls = 0;
  do {
    work!();
    calls++;
  } while (performance.now() - start < request.ms);
  parentPort!.postMessage((performance.now() - start) / calls);
});
