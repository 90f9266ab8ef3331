/** What our side of a benchmark does in its thread. */
import { type Tensor, tensor } from '../src/ir/index.ts';
import { loadModel } from '../src/node/index.ts';
import { fromTensor, numbersOf } from '../src/runtime/array.ts';
import type { SumConvention } from '../src/runtime/conventions.ts';
import type { ConvolutionAttributes } from '../src/runtime/convolution.ts';
import { convolveFloats } from '../src/runtime/float/convolve.ts';
import { type CompileOptions, compile, type SessionMemory } from '../src/runtime/index.ts';
import { convolveBytes } from '../src/runtime/integer/convolve.ts';
import { openThreads, withThreads } from '../src/runtime/threads/pool.ts';
import type { Contender } from './thread.ts';

export interface FloatLayer {
  readonly xDims: readonly number[];
  readonly x: Float32Array;
  readonly wDims: readonly number[];
  readonly w: Float32Array;
  readonly attributes: ConvolutionAttributes;
  readonly sums: SumConvention;
}

/** A float32 convolution; gives its elements. */
export function floatConvolution({ xDims, x, wDims, w, attributes, sums }: FloatLayer): Contender {
  const [image, filters] = [tensor('float32', xDims, x), tensor('float32', wDims, w)].map(fromTensor);
  const work = () => convolveFloats(image!, filters!, undefined, attributes, sums);
  return { work, result: numbersOf(work()) };
}

export interface IntegerLayer {
  readonly xDims: readonly number[];
  readonly x: Uint8Array;
  readonly wDims: readonly number[];
  readonly w: Int8Array;
  readonly attributes: ConvolutionAttributes;
  readonly zero: number;
  /** How many threads share the work, this one included. */
  readonly threads: number;
}

/** A convolution of bytes; gives its sums, which go where those of the last turn were, as in a session. */
export async function integerConvolution(layer: IntegerLayer): Promise<Contender> {
  const { xDims, x, wDims, w, attributes, zero, threads } = layer;
  const memory = (bytes: number) => (threads === 1 ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes));
  const codes = new Uint8Array(memory(x.length));
  codes.set(x);
  const [image, filters] = [tensor('uint8', xDims, codes), tensor('int8', wDims, w)].map(fromTensor);
  const pool = threads === 1 ? undefined : openThreads(threads);
  await pool?.ready;
  const { sums } = convolveBytes(image!, filters!, attributes, zero);
  const into = new Int32Array(memory(sums.byteLength));
  const work = () => withThreads(pool, () => convolveBytes(image!, filters!, attributes, zero, [0], into));
  work();
  return { work, result: into.slice() };
}

export interface NetworkRun {
  readonly path: string;
  readonly options: CompileOptions;
  /** The elements of the one input. */
  readonly input: { readonly name: string; readonly dims: readonly number[]; readonly data: Float32Array };
}

export interface NetworkResult {
  readonly outputs: readonly Float32Array[];
  readonly memory: SessionMemory;
}

/** A network, compiled once and run; gives the outputs and the memory that runs take. */
export async function network({ path, options, input }: NetworkRun): Promise<Contender> {
  const session = compile(await loadModel(path), options);
  const feed: [string, Tensor][] = [[input.name, tensor('float32', input.dims, input.data)]];
  const work = () => session.run(feed);
  work();
  const outputs = [...work().values()].map((output) => output.toTypedArray() as Float32Array);
  const { peak, optimum, planned, constants } = session.memory;
  return { work, result: { outputs, memory: { peak, optimum, planned, constants } } };
}
