import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { type DataType, type Model, type Node, type Tensor, tensor } from '../../src/ir/index.ts';
import type { PlainValue } from '../../src/ops/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { encodeModel } from '../../src/serde/index.ts';
import { type NodeOptions, nodeOf } from './run-node.ts';

/** A stream of random numbers that is the same in every run. */
export function randomStream(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => items[whole(0, items.length - 1)]!;
  const floats = (dims: readonly number[], size = 4): Tensor =>
    tensor(
      'float32',
      dims,
      Array.from({ length: product(dims) }, () => (next() - 0.5) * size),
    );
  const codes = (dtype: 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32', dims: readonly number[]): Tensor => {
    const [low, high] = {
      int8: [-128, 127],
      uint8: [0, 255],
      int16: [-32768, 32767],
      uint16: [0, 65535],
      int32: [-9999, 9999],
    }[dtype] as [number, number];
    return tensor(
      dtype,
      dims,
      Array.from({ length: product(dims) }, () => whole(low, high)),
    );
  };
  return { next, whole, pick, floats, codes };
}

export type Random = ReturnType<typeof randomStream>;

export interface Case {
  readonly node: Node;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly opset?: number | undefined;
}

export function caseOf(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, PlainValue>> = {},
  options: NodeOptions = {},
): Case {
  return { node: nodeOf(opType, inputs, attributes, options), inputs, opset: options.opset };
}

export const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
export const scaleOf = ({ next }: Random) => tensor('float32', [], [0.01 + next()]);
export const bytes = ['int8', 'uint8'] as const;

/** Runs a node here and in ONNX Runtime; whole numbers have to be equal, floats within a part of the largest value. */
export async function expectSameAsEngine(made: Case, where: string, within?: number): Promise<void> {
  const { model, feeds } = modelOf(made);
  const session = await ort.InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const theirs = await session.run(Object.fromEntries(feeds.map(([input, x]) => [input, toOrt(x)])));
  for (const [output, got] of execute(model, feeds)) expectClose(got, theirs[output]!, where, within);
  await session.release();
}

/** Runs a maker with `count` seeds. */
export async function expectSameWithSeeds(
  name: string,
  make: (random: Random) => Case,
  count: number,
  within?: number,
): Promise<void> {
  for (let seed = 1; seed <= count; seed++)
    await expectSameAsEngine(make(randomStream(seed * 7919)), `${name}, seed ${seed}`, within);
}

/** A model of one node, and what its inputs are fed. */
export function modelOf({ node, inputs, opset = 21 }: Case): { model: Model; feeds: [string, Tensor][] } {
  const feeds = inputs.flatMap((x, i) => (x === undefined ? [] : [[`i${i}`, x] as [string, Tensor]]));
  const none = { metadata: [] };
  const graph = {
    ...none,
    name: 'one',
    nodes: [node],
    initializers: [],
    sparseInitializers: [],
    inputs: feeds.map(([name, { dtype, dims }]) => ({
      ...none,
      name,
      type: { kind: 'tensor' as const, elemType: dtype, shape: dims.map((value) => ({ value })) },
    })),
    outputs: node.outputs.map((name) => ({ ...none, name })),
    valueInfos: [],
    quantizationAnnotations: [],
  };
  const opsetImports = [{ domain: '', version: opset }];
  if (node.domain) opsetImports.push({ domain: node.domain, version: 1 });
  const model = {
    ...none,
    irVersion: opset > 22 ? 12 : 10,
    graph,
    opsetImports,
    trainingInfo: [],
    functions: [],
    configurations: [],
  };
  return { model, feeds };
}

export function toOrt(x: Tensor): ort.Tensor {
  if (x.dtype === 'string') return new ort.Tensor('string', [...x.toStrings()], [...x.dims]);
  return new ort.Tensor(x.dtype as 'float32', x.toTypedArray() as Float32Array, [...x.dims]);
}

export function expectClose(got: Tensor, want: ort.Tensor, where: string, within = 2e-6): void {
  expect([got.dtype as DataType, [...got.dims]], where).toEqual([want.type, [...want.dims]]);
  if (got.dtype === 'string') {
    expect(got.toStrings(), where).toEqual(want.data);
    return;
  }
  const a = got.toTypedArray() as ArrayLike<number>;
  const b = want.data as unknown as ArrayLike<number>;
  if (got.dtype !== 'float32') {
    expect(Array.from(a), where).toEqual(Array.from(b));
    return;
  }
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i])) continue;
    largest = Math.max(largest, Math.abs(b[i]!));
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  }
  expect(worst / (largest || 1), where).toBeLessThan(within);
}
