import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type DataType, type Model, type Tensor, tensor, tensorFromBytes } from '../../src/ir/index.ts';
import { encodeModel } from '../../src/serde/index.ts';

/** The outputs of a model in ONNX Runtime, one thread, nothing optimized: every node as it is written. */
export function runInEngine(model: Model, inputs: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
  return runAtLevel(model, inputs, 'disabled');
}

/** The same with all optimizations of the engine. */
export function runOptimizedInEngine(
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  return runAtLevel(model, inputs, 'all');
}

async function runAtLevel(
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
  graphOptimizationLevel: 'disabled' | 'all',
): Promise<Map<string, Tensor>> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel,
    executionMode: 'sequential',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Refusals are thrown; whatever is logged besides only repeats them.
    logSeverityLevel: 4,
  });
  try {
    const results = await session.run(
      Object.fromEntries([...inputs].map(([name, value]) => [name, toEngine(value)])),
    );
    return new Map(model.graph.outputs.map(({ name }) => [name, fromEngine(results[name]!)]));
  } finally {
    await session.release();
  }
}

/** Element types that ONNX Runtime's JavaScript binding carries; others can be initializers and values between nodes. */
export const engineTypes: ReadonlySet<DataType> = new Set<DataType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
]);

function toEngine(value: Tensor): OrtTensor {
  const dims = [...value.dims];
  if (value.dtype === 'string') return new OrtTensor('string', [...value.toStrings()], dims);
  if (value.dtype !== 'float16')
    return new OrtTensor(value.dtype as 'float32', value.toTypedArray() as Float32Array, dims);
  const codes = new Uint16Array(value.toBytes().slice().buffer);
  return new OrtTensor('float16', codes as never, dims);
}

function fromEngine({ type, dims, data }: OrtTensor): Tensor {
  if (type !== 'float16') return tensor(type as 'float32', [...dims], data as Float32Array);
  const { buffer, byteOffset, byteLength } = data as unknown as Uint16Array;
  return tensorFromBytes('float16', [...dims], new Uint8Array(buffer, byteOffset, byteLength));
}
