import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { encodeModel } from '../../src/serde/index.ts';

/** The outputs of a model in ONNX Runtime, nothing optimized: every node as it is written. */
export async function runInEngine(
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    [...inputs].map(([name, value]) => [
      name,
      new OrtTensor(value.dtype as 'float32', value.toTypedArray() as Float32Array, [...value.dims]),
    ]),
  );
  const results = await session.run(feeds);
  await session.release();
  return new Map(
    model.graph.outputs.map(({ name }) => {
      const { type, dims, data } = results[name]!;
      return [name, tensor(type as 'float32', [...dims], data as Float32Array)] as const;
    }),
  );
}
