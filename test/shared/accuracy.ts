import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Model, Tensor } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';

/** One output of a model beside the output that ONNX Runtime recorded, all optimizations off. */
export interface AccuracyRow {
  readonly model: string;
  readonly output: string;
  readonly quantized: boolean;
  readonly nodes: number;
  /** Signal to noise in decibels; Infinity when every element is equal. */
  readonly decibels: number;
  /** Share of elements that are equal to the bit. */
  readonly equal: number;
  readonly largestDifference: number;
  readonly largestValue: number;
}

/** Models of a folder that have recorded outputs. */
export function recordedModels(folder: string): string[] {
  return readdirSync(folder).filter((name) => existsSync(`${folder}/${name}/test_data_set_0/output_0.pb`));
}

/** Runs a model on its recorded inputs and measures every output. */
export function measureModel(folder: string, name: string): AccuracyRow[] {
  const model = decodeModel(readFileSync(`${folder}/${name}/model.onnx`));
  const read = (file: string) => decodeTensor(readFileSync(`${folder}/${name}/test_data_set_0/${file}.pb`));
  const outputs = execute(
    model,
    inputsOf(model).map((input, i) => [input, read(`input_${i}`)] as const),
  );
  const quantized = model.graph.nodes.some(({ opType }) => /QuantizeLinear$/.test(opType));
  return [...outputs].map(([output, got], i) => ({
    model: name,
    output,
    quantized,
    nodes: model.graph.nodes.length,
    ...difference(got, read(`output_${i}`)),
  }));
}

function inputsOf({ graph }: Model): string[] {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  return graph.inputs.map(({ name }) => name).filter((name) => !constants.has(name));
}

function difference(got: Tensor, want: Tensor) {
  if (String(got.dims) !== String(want.dims))
    throw new Error(`[${got.dims}] was computed, [${want.dims}] recorded.`);
  const a = got.toTypedArray() as Float32Array;
  const b = want.toTypedArray() as Float32Array;
  let equal = 0;
  let largestDifference = 0;
  let largestValue = 0;
  for (let i = 0; i < b.length; i++) {
    const error = Math.abs(a[i]! - b[i]!);
    if (error === 0) equal++;
    largestDifference = Math.max(largestDifference, error);
    largestValue = Math.max(largestValue, Math.abs(b[i]!));
  }
  return { decibels: decibels(a, b), equal: equal / b.length, largestDifference, largestValue };
}

/** 10·log10(Σ want² / Σ (got − want)²) */
export function decibels(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < want.length; i++) {
    signal += want[i]! ** 2;
    noise += (got[i]! - want[i]!) ** 2;
  }
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
