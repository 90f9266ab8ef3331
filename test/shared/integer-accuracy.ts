import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { InferenceSession } from 'onnxruntime-node';
import { type Model, type Tensor, tensor, viewOf } from '../../src/ir/index.ts';
import { constantOf } from '../../src/ops/index.ts';
import { execute, groupIntegers } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { toOrt } from '../runtime/engine.ts';
import { decibels } from './accuracy.ts';

/** One output of a model in integer arithmetic, beside ONNX Runtime's optimized run and beside the literal graph. */
export interface IntegerRow {
  readonly model: string;
  readonly output: string;
  /** Groups by ONNX Runtime's rules, and by TensorRT's. */
  readonly groups: { readonly onnxruntime: number; readonly tensorrt: number };
  /** Share of elements that equal the engine's to the bit. */
  readonly equal: number;
  /** Share of elements within one quantum of the output; `undefined` where the output is not quantized. */
  readonly withinQuantum: number | undefined;
  /** Signal to noise in decibels: against the engine, then integer against float arithmetic by either engine's rules. */
  readonly toEngine: number;
  readonly toFloat: { readonly onnxruntime: number; readonly tensorrt: number };
  /** The literal graph with sums in double against itself with ONNX Runtime's: what rounding alone does to this network. */
  readonly floatToFloat: number;
}

/** Models of a folder that are quantized. */
export function quantizedModels(folder: string): string[] {
  return readdirSync(folder).filter((name) => /qat|ort|int4/.test(name));
}

/** Runs a model in both arithmetics and in ONNX Runtime, level "extended", on its recorded inputs, or on waves. */
export async function measureInteger(folder: string, name: string): Promise<IntegerRow[]> {
  const path = `${folder}/${name}`;
  const model = decodeModel(readFileSync(`${path}/model.onnx`));
  const inputs = inputsOf(model, path);
  const session = await InferenceSession.create(`${path}/model.onnx`, {
    graphOptimizationLevel: 'extended',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const theirs = await session.run(Object.fromEntries([...inputs].map(([key, x]) => [key, toOrt(x)])));
  await session.release();
  const float = execute(model, inputs);
  const ours = execute(model, inputs, { arithmetic: 'integer' });
  const tensorrt = execute(model, inputs, { arithmetic: 'integer', engine: 'tensorrt' });
  const other = execute(model, inputs, { sums: 'double' });
  const count = (engine: 'onnxruntime' | 'tensorrt') => groupIntegers(model, { engine }).groups.length;
  return [...ours].map(([output, got]) => {
    const a = numbers(got);
    const b = theirs[output]!.data as Float32Array;
    const literal = numbers(float.get(output)!);
    const quantum = quantumOf(model, output);
    return {
      model: name,
      output,
      groups: { onnxruntime: count('onnxruntime'), tensorrt: count('tensorrt') },
      equal: share(a, (value, i) => value === b[i]),
      withinQuantum: quantum && share(a, (value, i) => Math.abs(value - b[i]!) <= quantum * 1.001),
      toEngine: decibels(a, b),
      toFloat: {
        onnxruntime: decibels(a, literal),
        tensorrt: decibels(numbers(tensorrt.get(output)!), literal),
      },
      floatToFloat: decibels(numbers(other.get(output)!), literal),
    };
  });
}

function numbers(x: Tensor): Float32Array {
  return x.toTypedArray() as Float32Array;
}

function share(values: Float32Array, holds: (value: number, index: number) => boolean): number {
  return values.reduce((count, value, i) => count + (holds(value, i) ? 1 : 0), 0) / values.length;
}

/** The scale of an output that a dequantizer makes. */
function quantumOf(model: Model, output: string): number | undefined {
  const node = viewOf(model).producer(output);
  const scale = node?.opType === 'DequantizeLinear' ? constantOf(viewOf(model), node.inputs[1]!) : undefined;
  return scale?.size === 1 ? Number((scale.toTypedArray() as Float32Array)[0]) : undefined;
}

function inputsOf(model: Model, path: string): Map<string, Tensor> {
  const constants = new Set(model.graph.initializers.map(({ name }) => name));
  const fed = model.graph.inputs.filter(({ name }) => !constants.has(name));
  return new Map(
    fed.map(({ name, type }, i) => {
      const recorded = `${path}/test_data_set_0/input_${i}.pb`;
      if (existsSync(recorded)) return [name, decodeTensor(readFileSync(recorded))];
      const dims = type?.kind === 'tensor' ? type.shape!.map(({ value }) => value ?? 1) : [];
      const wave = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, k) =>
        Math.sin(k / 100),
      );
      return [name, tensor('float32', dims, wave)];
    }),
  );
}
