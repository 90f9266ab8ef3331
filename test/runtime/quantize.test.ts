import { describe, expect, it } from 'vitest';
import { type DataType, tensor } from '../../src/ir/index.ts';
import { runNode, valuesOf } from './run-node.ts';

const f32 = (dims: readonly number[], values: readonly number[]) => tensor('float32', dims, values);

describe('QuantizeLinear', () => {
  it('rounds halves to even, then adds the zero point', () => {
    const x = f32([6], [0.5, 1.5, 2.5, -0.5, -1.5, -2.5]);
    const [y] = runNode('QuantizeLinear', [x, f32([], [1]), tensor('uint8', [], [129])]);
    expect(valuesOf(y)).toEqual([129, 131, 131, 129, 127, 127]);
  });

  it('saturates to the whole range of the type, -128 included', () => {
    const x = f32([6], [1000, -1000, Infinity, -Infinity, NaN, 3e9]);
    const [y] = runNode('QuantizeLinear', [x, f32([], [1]), tensor('int8', [], [0])]);
    expect(valuesOf(y)).toEqual([127, -128, 127, -128, -128, 127]);
  });

  it('divides in float32, where a quotient can be a tie that it is not in double', () => {
    // 0.1f is 0.100000001490116…: in double 0.35 / 0.1f is below 3.5, in float32 it is 3.5, which goes to 4.
    const x = f32([1], [0.35]);
    const [y] = runNode('QuantizeLinear', [x, f32([], [0.1]), tensor('int8', [], [0])]);
    expect(Math.fround(0.35) / Math.fround(0.1)).not.toBe(3.5);
    expect(valuesOf(y)).toEqual([4]);
  });

  it.each([
    ['int4', [-8, 7, 2]],
    ['uint4', [0, 15, 2]],
    ['int16', [-1000, 1000, 2]],
    ['uint16', [0, 1000, 2]],
    ['int2', [-2, 1, 1]],
  ] as const)('knows the range of %s', (dtype, expected) => {
    const x = f32([3], [-1000, 1000, 2]);
    const [y] = runNode('QuantizeLinear', [x, f32([], [1]), tensor(dtype, [], [0])], {}, { opset: 25 });
    expect(valuesOf(y)).toEqual(expected);
  });

  it('keeps the sign of zero in small floats', () => {
    const [y] = runNode('QuantizeLinear', [f32([2], [-0, 0]), f32([], [2]), tensor('float8e5m2', [], [0])]);
    expect(valuesOf(y)).toEqual([-0, 0]);
  });

  it('takes one scale for each index of the axis', () => {
    const x = f32([2, 3], [1, 2, 3, 4, 5, 6]);
    const zeros = (n: number) => tensor('int8', [n], new Array(n).fill(0));
    const [columns] = runNode('QuantizeLinear', [x, f32([3], [1, 2, 3]), zeros(3)]);
    expect(valuesOf(columns)).toEqual([1, 1, 1, 4, 2, 2]);
    const [rows] = runNode('QuantizeLinear', [x, f32([2], [1, 2]), zeros(2)], { axis: 0 });
    expect(valuesOf(rows)).toEqual([1, 2, 3, 2, 2, 3]);
  });

  it('takes one scale for each block, the last of which may be short', () => {
    const x = f32([1, 5], [10, 10, 10, 10, 10]);
    const [y] = runNode('QuantizeLinear', [x, f32([1, 3], [1, 2, 5]), tensor('int8', [1, 3], [0, 0, 1])], {
      block_size: 2,
    });
    expect(valuesOf(y)).toEqual([10, 10, 5, 5, 3]);
  });

  it('gives uint8 without a zero point, and what output_dtype asks for', () => {
    expect(runNode('QuantizeLinear', [f32([1], [300]), f32([], [1])])[0]!.dtype).toBe('uint8');
    const [y] = runNode('QuantizeLinear', [f32([1], [300]), f32([], [1])], { output_dtype: 5 });
    expect([y!.dtype, ...valuesOf(y)]).toEqual(['int16', 300]);
  });

  it('rounds to float8 without whole numbers between', () => {
    const x = f32([4], [1.1, 464, 465, NaN]);
    const zero = tensor('float8e4m3fn', [], [0]);
    expect(valuesOf(runNode('QuantizeLinear', [x, f32([], [1]), zero])[0])).toEqual([1.125, 448, 448, NaN]);
    expect(valuesOf(runNode('QuantizeLinear', [x, f32([], [1]), zero], { saturate: 0 })[0])).toEqual([
      1.125,
      448,
      NaN,
      NaN,
    ]);
  });

  it('says what does not fit', () => {
    const x = f32([2, 3], [1, 2, 3, 4, 5, 6]);
    const code = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'nothing';
    };
    expect(code(() => runNode('QuantizeLinear', [x, f32([2], [1, 2])]))).toBe('shape-mismatch');
    expect(code(() => runNode('QuantizeLinear', [x, f32([2], [1, 2])], { axis: 5 }))).toBe(
      'axis-out-of-range',
    );
    expect(code(() => runNode('QuantizeLinear', [x, f32([2, 2], [1, 2, 3, 4])]))).toBe('bad-block-size');
    expect(code(() => runNode('QuantizeLinear', [x, f32([3], [1, 2, 3]), tensor('int8', [], [0])]))).toBe(
      'shape-mismatch',
    );
  });
});

describe('DequantizeLinear', () => {
  it('subtracts in whole numbers and multiplies once', () => {
    const x = tensor('uint8', [3], [0, 128, 255]);
    const [y] = runNode('DequantizeLinear', [x, f32([], [0.5]), tensor('uint8', [], [128])]);
    expect(valuesOf(y)).toEqual([-64, 0, 63.5]);
  });

  it('rounds an int32 beyond 2^24 to float32 before it scales it', () => {
    const [y] = runNode('DequantizeLinear', [tensor('int32', [1], [16777217]), f32([], [3])]);
    expect(valuesOf(y)).toEqual([Math.fround(16777216 * 3)]);
  });

  it.each(['float16', 'bfloat16'] as const)('gives the type of a %s scale', (dtype: DataType) => {
    const [y] = runNode('DequantizeLinear', [tensor('int8', [2], [1, -3]), tensor(dtype, [], [0.5])]);
    expect([y!.dtype, ...valuesOf(y)]).toEqual([dtype, 0.5, -1.5]);
  });

  it('reads blocks of int4', () => {
    const x = tensor('int4', [4, 1], [1, 2, 3, -4]);
    const [y] = runNode('DequantizeLinear', [x, f32([2, 1], [1, 10])], { axis: 0, block_size: 2 });
    expect(valuesOf(y)).toEqual([1, 2, 30, -40]);
  });

  it('works below opset 21 in the domain of ONNX Runtime', () => {
    const x = tensor('uint16', [2], [32768, 40000]);
    const inputs = [x, f32([], [2]), tensor('uint16', [], [32768])];
    const [y] = runNode('DequantizeLinear', inputs, {}, { domain: 'com.microsoft', opset: 1 });
    expect(valuesOf(y)).toEqual([0, 14464]);
  });
});

describe('DynamicQuantizeLinear', () => {
  it('covers the range of the values and zero', () => {
    const [y, scale, zero] = runNode('DynamicQuantizeLinear', [f32([3], [1, 2, 5.1])], {}, { outputs: 3 });
    expect(valuesOf(scale)).toEqual([Math.fround(Math.fround(5.1) / 255)]);
    expect(valuesOf(zero)).toEqual([0]);
    expect(valuesOf(y)).toEqual([50, 100, 255]);
  });

  it('gives scale 1 for zeros, as ONNX Runtime does', () => {
    const [y, scale, zero] = runNode('DynamicQuantizeLinear', [f32([2], [0, 0])], {}, { outputs: 3 });
    expect([valuesOf(y), valuesOf(scale), valuesOf(zero)]).toEqual([[0, 0], [1], [0]]);
  });
});

describe('integer products', () => {
  it('QLinearConv adds the zero point after rounding: the tie 0.5 goes to 0, then to 1', () => {
    const one = f32([], [1]);
    const zero = tensor('int8', [], [0]);
    const inputs = [
      tensor('int8', [1, 1, 1, 1], [1]),
      one,
      zero,
      tensor('int8', [1, 1, 1, 1], [1]),
      f32([], [0.5]),
      zero,
      one,
      tensor('int8', [], [1]),
    ];
    expect(valuesOf(runNode('QLinearConv', inputs)[0])).toEqual([1]);
  });

  it('ConvInteger pads with the zero point', () => {
    const x = tensor('uint8', [1, 1, 2, 2], [3, 3, 3, 3]);
    const w = tensor('uint8', [1, 1, 3, 3], new Array(9).fill(1));
    const [y] = runNode('ConvInteger', [x, w, tensor('uint8', [], [3])], { pads: [1, 1, 1, 1] });
    expect(valuesOf(y)).toEqual([0, 0, 0, 0]);
  });

  it('MatMulInteger takes a zero point for each column', () => {
    const a = tensor('uint8', [1, 2], [2, 3]);
    const b = tensor('int8', [2, 2], [1, 2, 3, 4]);
    const [y] = runNode('MatMulInteger', [a, b, tensor('uint8', [], [1]), tensor('int8', [2], [1, -1])]);
    expect(valuesOf(y)).toEqual([1 * 0 + 2 * 2, 1 * 3 + 2 * 5]);
  });
});

describe('QLinearAdd', () => {
  it('rounds on the way where ONNX Runtime does', () => {
    // Near a tie: (24 − 33)·2.7 / 1.8 + 93 = 79.5; ONNX Runtime 1.30 gives 79 here.
    const code = (value: number) => tensor('uint8', [1], [value]);
    const inputs = [
      ...[code(24), f32([], [2.700000047683716]), tensor('uint8', [], [33])],
      ...[code(255), f32([], [0.24249716103076935]), tensor('uint8', [], [255])],
      ...[f32([], [1.7999999523162842]), tensor('uint8', [], [93])],
    ];
    const [y] = runNode('QLinearAdd', inputs, {}, { domain: 'com.microsoft', opset: 1 });
    expect(valuesOf(y)).toEqual([79]);
  });
});
