import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { logistic32 } from '../../src/runtime/special.ts';
import { runNode, valuesOf } from './run-node.ts';

describe('broadcasting', () => {
  it('stretches lengths of 1 on both sides', () => {
    const column = tensor('float32', [2, 1], [10, 20]);
    const row = tensor('float32', [3], [1, 2, 3]);
    const [y] = runNode('Add', [column, row]);
    expect(y!.dims).toEqual([2, 3]);
    expect(valuesOf(y)).toEqual([11, 12, 13, 21, 22, 23]);
  });

  it('crosses a middle axis that only one side has', () => {
    const a = tensor('int32', [2, 1, 2], [1, 2, 3, 4]);
    const b = tensor('int32', [1, 2, 1], [10, 20]);
    expect(valuesOf(runNode('Mul', [a, b])[0])).toEqual([10, 20, 20, 40, 30, 40, 60, 80]);
  });

  it('aligns at an axis before opset 7', () => {
    const a = tensor('float32', [2, 2, 2], [0, 0, 0, 0, 0, 0, 0, 0]);
    const b = tensor('float32', [2], [1, 2]);
    const [y] = runNode('Add', [a, b], { broadcast: 1, axis: 1 }, { opset: 6 });
    expect(valuesOf(y)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    expect(() => runNode('Add', [a, b], {}, { opset: 6 })).toThrow(/only with broadcast=1/);
  });

  it('keeps empty arrays empty', () => {
    const [y] = runNode('Add', [tensor('float32', [0, 2], []), tensor('float32', [2], [1, 2])]);
    expect(y!.dims).toEqual([0, 2]);
  });

  it('says which shapes do not fit', () => {
    const shapes = () => runNode('Add', [tensor('float32', [2], [1, 2]), tensor('float32', [3], [1, 2, 3])]);
    expect(shapes).toThrow(/\[2\] and \[3\] do not broadcast/);
  });
});

describe('integers', () => {
  it('wrap, each in its width', () => {
    const add = (dtype: 'int8' | 'uint8', a: number, b: number) =>
      valuesOf(runNode('Add', [tensor(dtype, [], [a]), tensor(dtype, [], [b])])[0]);
    expect(add('int8', 127, 1)).toEqual([-128]);
    expect(add('uint8', 255, 1)).toEqual([0]);
    const big = tensor('int64', [], [2n ** 63n - 1n]);
    expect(valuesOf(runNode('Add', [big, tensor('int64', [], [1])])[0])).toEqual([-(2n ** 63n)]);
    const product = runNode('Mul', [tensor('int32', [], [123456789]), tensor('int32', [], [987654321])]);
    expect(valuesOf(product[0])).toEqual([Number(BigInt.asIntN(32, 123456789n * 987654321n))]);
  });

  it('divide towards zero, and not by zero', () => {
    const a = tensor('int64', [2], [-7, 7]);
    expect(valuesOf(runNode('Div', [a, tensor('int64', [], [2])])[0])).toEqual([-3n, 3n]);
    expect(() => runNode('Div', [a, tensor('int64', [], [0])])).toThrow(/divided by zero/);
    expect(() => runNode('Div', [tensor('int8', [], [1]), tensor('int8', [], [0])])).toThrow(
      /divided by zero/,
    );
  });

  it('have remainders with the sign of the divisor, or with fmod of the dividend', () => {
    const a = tensor('int32', [2], [-7, 7]);
    const b = tensor('int32', [2], [3, -3]);
    expect(valuesOf(runNode('Mod', [a, b])[0])).toEqual([2, -2]);
    expect(valuesOf(runNode('Mod', [a, b], { fmod: 1 })[0])).toEqual([-1, 1]);
  });

  it('raise int64 exactly, wrapping', () => {
    const power = (x: bigint, y: bigint) =>
      valuesOf(runNode('Pow', [tensor('int64', [], [x]), tensor('int64', [], [y])])[0]);
    expect(power(3n, 39n)).toEqual([3n ** 39n]);
    expect(power(2n, 10_000_000n)).toEqual([0n]);
  });
});

describe('floats', () => {
  it('round each result to their type', () => {
    const a = tensor('float16', [], [2048]);
    expect(valuesOf(runNode('Add', [a, tensor('float16', [], [1])])[0])).toEqual([2048]);
    expect(valuesOf(runNode('Add', [a, tensor('float16', [], [3])])[0])).toEqual([2052]);
    expect(valuesOf(runNode('Mul', [a, a])[0])).toEqual([Infinity]);
    const [third] = runNode('Div', [tensor('float32', [], [1]), tensor('float32', [], [3])]);
    expect(valuesOf(third)).toEqual([Math.fround(1 / 3)]);
  });

  it('let NaN through Relu, Clip, Max and Min', () => {
    const x = tensor('float32', [2], [NaN, -1]);
    const one = tensor('float32', [], [1]);
    expect(valuesOf(runNode('Relu', [x])[0])).toEqual([NaN, 0]);
    expect(valuesOf(runNode('Clip', [x, undefined, one])[0])).toEqual([NaN, -1]);
    expect(valuesOf(runNode('Max', [x, one])[0])).toEqual([NaN, 1]);
    expect(valuesOf(runNode('Min', [one, x])[0])).toEqual([NaN, -1]);
  });

  it('round halves to even', () => {
    const x = tensor('float32', [5], [0.5, 1.5, -0.5, -1.5, 2.5]);
    expect(valuesOf(runNode('Round', [x])[0])).toEqual([0, 2, -0, -2, 2]);
  });

  it('know erf to the last bit of float32', () => {
    // erf(0.5), erf(1), erf(3) to 17 digits, from tables.
    const x = tensor('float64', [4], [0.5, 1, 3, -7]);
    const expected = [0.5204998778130465, 0.8427007929497149, 0.9999779095030014, -1];
    (valuesOf(runNode('Erf', [x])[0]) as number[]).forEach((y, i) => {
      expect(Math.abs(y - expected[i]!)).toBeLessThan(1e-15);
    });
  });

  it('have a Sigmoid that is nowhere off by more than 2e-7', () => {
    for (let x = -30; x <= 30; x += 0.0137) {
      const at = Math.fround(x);
      expect(Math.abs(logistic32(at) - 1 / (1 + Math.exp(-at)))).toBeLessThan(2e-7);
    }
    expect(logistic32(NaN)).toBeNaN();
  });
});

describe('Clip', () => {
  it('takes the largest finite value for a bound that is absent, as its specification says', () => {
    const x = tensor('float32', [3], [Infinity, -Infinity, NaN]);
    const largest = 3.4028234663852886e38;
    expect(valuesOf(runNode('Clip', [x])[0])).toEqual([largest, -largest, NaN]);
    expect(valuesOf(runNode('Clip', [x, tensor('float32', [], [0])])[0])).toEqual([largest, 0, NaN]);
    const half = tensor('float16', [1], [Infinity]);
    expect(valuesOf(runNode('Clip', [half])[0])).toEqual([65504]);
  });

  it('takes its bounds from attributes up to version 6, from inputs later', () => {
    const x = tensor('float32', [3], [-5, 0.5, 5]);
    const bounds = { min: 0, max: 1 };
    const old = runNode('Clip', [x], bounds, { opset: 6, floats: ['min', 'max'] });
    expect(valuesOf(old[0])).toEqual([0, 0.5, 1]);
    const low = tensor('float32', [], [0]);
    expect(valuesOf(runNode('Clip', [x, low, undefined])[0])).toEqual([0, 0.5, 5]);
  });
});

describe('Cast', () => {
  const cast = (
    from: Parameters<typeof tensor>[0],
    values: readonly (number | bigint | string)[],
    to: number,
    attributes = {},
  ) =>
    valuesOf(
      runNode('Cast', [tensor(from, [values.length], values)], { to, ...attributes }, { opset: 24 })[0],
    );

  it('truncates, keeps low bits, and makes everything but zero true', () => {
    expect(cast('float32', [1.9, -1.9, 200, NaN, Infinity], 3)).toEqual([1, -1, -56, 0, 0]);
    expect(cast('float32', [0, 0.1, NaN], 9)).toEqual([0, 1, 1]);
    expect(cast('int64', [2n ** 40n + 5n], 6)).toEqual([5]);
    expect(cast('int32', [-9], 22)).toEqual([7]);
  });

  it('keeps int64 exact', () => {
    expect(cast('float64', [2 ** 60], 7)).toEqual([2n ** 60n]);
    expect(cast('uint64', [2n ** 64n - 1n], 7)).toEqual([-1n]);
  });

  it('saturates float8 unless told otherwise', () => {
    expect(cast('float32', [1e6, -Infinity, NaN], 17)).toEqual([448, -448, NaN]);
    expect(cast('float32', [1e6], 17, { saturate: 0 })).toEqual([NaN]);
    expect(cast('float32', [1e6], 19, { saturate: 0 })).toEqual([Infinity]);
    expect(cast('float32', [70000], 10)).toEqual([Infinity]);
  });

  it('reads and prints strings', () => {
    expect(cast('string', ['1.5', '-inf', 'NaN', '3e2'], 1)).toEqual([1.5, -Infinity, NaN, 300]);
    expect(cast('float32', [0.1, 3], 8)).toEqual(['0.1', '3']);
    expect(() => cast('string', ['one'], 1)).toThrow(/"one" is no number/);
  });
});

describe('Softmax', () => {
  it('counts a negative axis from the end before opset 13, too', () => {
    const x = tensor('float32', [2, 2, 4], new Array(16).fill(0));
    const [y] = runNode('Softmax', [x], { axis: -2 }, { opset: 11 });
    expect(valuesOf(y)).toEqual(new Array(16).fill(1 / 8));
  });
});

describe('BatchNormalization', () => {
  const f32 = (dims: readonly number[], values: readonly number[]) => tensor('float32', dims, values);
  const [ones, zeros] = [f32([2], [1, 1]), f32([2], [0, 0])];

  it('trains on the statistics of the batch, and moves the others towards them', () => {
    // Channels [0, 2, 4, 6] and [1, 1, 1, 1]: means 3 and 1, variances 5 and 0.
    const x = f32([2, 2, 2], [0, 2, 1, 1, 4, 6, 1, 1]);
    const [y, mean, variance] = runNode(
      'BatchNormalization',
      [x, ones, zeros, f32([2], [1, 1]), f32([2], [1, 2])],
      { training_mode: 1, momentum: 0.75, epsilon: 11 },
      { opset: 15, outputs: 3, floats: ['epsilon'] },
    );
    expect(valuesOf(y)).toEqual([-0.75, -0.25, 0, 0, 0.25, 0.75, 0, 0]);
    expect(valuesOf(mean)).toEqual([1.5, 1]);
    expect(valuesOf(variance)).toEqual([2, 1.5]);
  });

  it('has statistics for each element with spatial=0', () => {
    const [one, bias] = [f32([1, 2], [1, 2]), f32([1, 2], [0, 10])];
    const inputs = [f32([2, 1, 2], [1, 2, 3, 4]), one, bias, f32([1, 2], [1, 1]), f32([1, 2], [1, 4])];
    const [y] = runNode(
      'BatchNormalization',
      inputs,
      { spatial: 0, epsilon: 0 },
      { opset: 7, floats: ['epsilon'] },
    );
    expect(valuesOf(y)).toEqual([0, 11, 2, 13]);
  });
});
