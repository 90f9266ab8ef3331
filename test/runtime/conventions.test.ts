import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { type ExecuteOptions, execute } from '../../src/runtime/index.ts';
import { modelOf } from './engine.ts';
import { nodeOf } from './run-node.ts';

/** Where the rounding conventions part: on exact halves, which every number here is. */

const scalar = (value: number) => tensor('float32', [], [value]);
const zero = (value: number, dtype: 'int8' | 'uint8' = 'int8') => tensor(dtype, [], [value]);

function run(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  options: ExecuteOptions,
  domain = '',
  attributes = {},
): number[] {
  const { model, feeds } = modelOf({ node: nodeOf(opType, inputs, attributes, { domain }), inputs });
  const [output] = execute(model, feeds, options).values();
  return [...(output!.toTypedArray() as Int8Array)];
}

const conventions = ['onnxruntime', 'onnx', 'half-even', 'half-away'] as const;

describe('rounding', () => {
  const ties = tensor('float32', [6], [0.5, 1.5, 2.5, -0.5, -1.5, -2.5]);

  it.each([
    ['onnxruntime', [0, 2, 2, 0, -2, -2]],
    ['onnx', [0, 2, 2, 0, -2, -2]],
    ['half-even', [0, 2, 2, 0, -2, -2]],
    ['half-away', [1, 2, 3, -1, -2, -3]],
  ] as const)('QuantizeLinear as %s rounds before the zero point is added', (rounding, codes) => {
    expect(run('QuantizeLinear', [ties, scalar(1), zero(0)], { rounding })).toEqual(codes);
    const shifted = codes.map((code) => code + 1);
    expect(run('QuantizeLinear', [ties, scalar(1), zero(1)], { rounding })).toEqual(shifted);
  });

  it('divides in float32 as ONNX Runtime does, exactly as TensorRT does', () => {
    // 0.35 / 0.1f is below 3.5 exactly, and 3.5 in float32.
    const inputs = [tensor('float32', [1], [0.35]), scalar(0.1), zero(0)];
    expect(conventions.map((rounding) => run('QuantizeLinear', inputs, { rounding })[0])).toEqual([
      4, 4, 3, 3,
    ]);
  });

  it('does not lift the number before a half', () => {
    const x = tensor('float32', [2], [0.49999997, -0.49999997]);
    expect(run('QuantizeLinear', [x, scalar(1), zero(0)], { rounding: 'half-away' })).toEqual([0, 0]);
  });

  it.each([
    ['onnxruntime', [3, 5, 1, -1, 127]],
    ['onnx', [4, 4, 2, 0, 127]],
    ['half-even', [3, 5, 1, -1, 127]],
    ['half-away', [4, 5, 1, -1, 127]],
  ] as const)('QLinearConv and QLinearMatMul as %s, with an odd zero point', (rounding, codes) => {
    // Sums of 1, 3, −3, −7 and 1000, halved: 0.5, 1.5, −1.5, −3.5 and 500, plus 3.
    const sums = [1, 3, -3, -7];
    const x = tensor('int8', [1, 5, 1, 1], [...sums, 125]);
    const diagonal = Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? (i === 24 ? 8 : 1) : 0));
    const w = tensor('int8', [5, 5, 1, 1], diagonal);
    const rest = [scalar(0.5), zero(0), scalar(1), zero(3)];
    expect(run('QLinearConv', [x, scalar(1), zero(0), w, ...rest], { rounding })).toEqual(codes);
    const [a, b] = [tensor('int8', [1, 5], [...sums, 125]), tensor('int8', [5, 5], diagonal)];
    expect(run('QLinearMatMul', [a, scalar(1), zero(0), b, ...rest], { rounding })).toEqual(codes);
    const gemm = [a, scalar(1), zero(0), b, scalar(0.5), zero(0), undefined, scalar(1), zero(3)];
    expect(run('QGemm', gemm, { rounding }, 'com.microsoft')).toEqual(codes);
  });

  it.each([
    ['onnxruntime', [2, 2, 0, 0]],
    ['onnx', [2, 2, 0, 0]],
    ['half-even', [1, 3, 1, -1]],
    ['half-away', [2, 3, 0, -1]],
  ] as const)('QLinearAdd, QLinearMul and pools as %s, with an odd zero point', (rounding, codes) => {
    const x = tensor('int8', [1, 4, 1, 1], [1, 3, -1, -3]);
    const none = tensor('int8', [1, 4, 1, 1], [0, 0, 0, 0]);
    const one = tensor('int8', [1, 4, 1, 1], [1, 1, 1, 1]);
    const codesOf = (opType: string, inputs: readonly Tensor[], attributes = {}) =>
      run(opType, inputs, { rounding }, 'com.microsoft', attributes);
    const half = [scalar(0.5), zero(0)];
    const result = [scalar(1), zero(1)];
    expect(codesOf('QLinearAdd', [x, ...half, none, ...half, ...result])).toEqual(codes);
    expect(codesOf('QLinearMul', [x, ...half, one, scalar(1), zero(0), ...result])).toEqual(codes);
    const pooled = codesOf('QLinearAveragePool', [x, ...half, ...result], { kernel_shape: [1, 1] });
    expect(pooled).toEqual(codes);
  });

  it.each([
    ['onnxruntime', [1, 3, 1, -1]],
    ['onnx', [2, 2, 0, 0]],
    ['half-even', [1, 3, 1, -1]],
    ['half-away', [2, 3, 0, -1]],
  ] as const)('tables as %s: QLinearLeakyRelu and QLinearConcat', (rounding, codes) => {
    const x = tensor('int8', [4], [1, 3, -1, -3]);
    const inputs = [x, scalar(0.5), zero(0), scalar(1), zero(1)];
    expect(run('QLinearLeakyRelu', inputs, { rounding }, 'com.microsoft', { alpha: 1 })).toEqual(codes);
    const parts = [scalar(1), zero(1), x, scalar(0.5), zero(0)];
    expect(run('QLinearConcat', parts, { rounding }, 'com.microsoft', { axis: 0 })).toEqual(codes);
  });
});

describe('overflow', () => {
  const [depth, columns] = [70_000, 2];
  const a = tensor('uint8', [1, depth], new Uint8Array(depth).fill(255));
  const fill = (value: number) =>
    tensor('uint8', [depth, columns], new Uint8Array(depth * columns).fill(value));

  it('wraps sums around, as hardware does', () => {
    const [sum] = run('MatMulInteger', [a, fill(255)], {});
    expect(sum).toBe((depth * 255 * 255) | 0);
  });

  it('ends the run with the place and the sum when asked to', () => {
    expect(() => run('MatMulInteger', [a, fill(255)], { overflow: 'error' })).toThrow(
      /sum of products is 4551750000, which int32 cannot hold/,
    );
    expect(run('MatMulInteger', [a, fill(100)], { overflow: 'error' })[0]).toBe(depth * 255 * 100);
  });

  it.each([1, 2])('notices it in convolutions of %i groups, the bias included', (group) => {
    const x = tensor('uint8', [1, depth, 1, 1], new Uint8Array(depth).fill(255));
    const w = (value: number) =>
      tensor('uint8', [2, depth / group, 1, 1], new Uint8Array((2 * depth) / group).fill(value));
    const rest = (bias: number) => [
      scalar(1),
      zero(0, 'uint8'),
      scalar(1e7),
      zero(0, 'uint8'),
      tensor('int32', [2], [0, bias]),
    ];
    const conv = (value: number, bias: number, overflow: 'wrap' | 'error') =>
      run('QLinearConv', [x, scalar(1), zero(0, 'uint8'), w(value), ...rest(bias)], { overflow }, '', {
        group,
      });
    const value = group * 120;
    expect(conv(value, 5, 'error')).toEqual([214, 214]);
    expect(() => conv(value, 10 ** 7, 'error')).toThrow(/which int32 cannot hold/);
    expect(conv(value, 10 ** 7, 'wrap')).toEqual([214, 0]);
  });

  it('is an error in integer arithmetic unless said otherwise', () => {
    const inputs = [a, fill(255)];
    expect(() => run('MatMulInteger', inputs, { arithmetic: 'integer' })).toThrow(/int32/);
    expect(run('MatMulInteger', inputs, { arithmetic: 'integer', overflow: 'wrap' })).toHaveLength(columns);
  });
});
