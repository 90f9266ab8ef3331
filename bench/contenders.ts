/** What our side of a benchmark does in its thread. */
import { type Tensor, tensor } from '../src/ir/index.ts';
import { loadModel } from '../src/node/index.ts';
import { fromTensor, numbersOf } from '../src/runtime/array.ts';
import type { SumConvention } from '../src/runtime/conventions.ts';
import type { ConvolutionAttributes } from '../src/runtime/convolution.ts';
import { convolveFloats } from '../src/runtime/float/convolve.ts';
import { type CompileOptions, compile, type SessionMemory } from '../src/runtime/index.ts';
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
