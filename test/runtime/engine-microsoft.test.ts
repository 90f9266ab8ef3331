import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import type { PlainValue } from '../../src/ops/index.ts';
import { bytes, type Case, caseOf, expectSameWithSeeds, product, type Random } from './engine.ts';
import { runNode, valuesOf } from './run-node.ts';

/** Random nodes of ONNX Runtime's own quantized operators: codes have to be equal. */

const scale = (r: Random, least = 0.005, most = 0.1) =>
  tensor('float32', [], [least + r.next() * (most - least)]);

function own(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, PlainValue>> = {},
  floats: readonly string[] = [],
): Case {
  return caseOf(opType, inputs, attributes, { domain: 'com.microsoft', floats });
}

function pair(opType: string) {
  return (r: Random): Case => {
    const type = r.pick(bytes);
    const dims = [r.whole(1, 3), r.whole(1, 40)];
    const other = r.pick([dims, [dims[1]!], []]);
    const both = [dims, other].sort(() => r.next() - 0.5) as [number[], number[]];
    const [a, b] = [r.codes(type, both[0]), r.codes(type, both[1])];
    const zero = () => r.codes(type, []);
    return own(opType, [a, scale(r), zero(), b, scale(r), zero(), scale(r, 0.01, 0.3), zero()]);
  };
}

function mapped(opType: string, attributes: (r: Random) => Record<string, PlainValue> = () => ({})) {
  return (r: Random): Case => {
    const type = r.pick(bytes);
    const x = r.codes(type, [2, 50]);
    const inputs = [x, scale(r), r.codes(type, []), scale(r, 0.002, 0.05), r.codes(type, [])];
    return own(opType, inputs, attributes(r), ['alpha']);
  };
}

function product2(r: Random) {
  const [m, k, n] = [r.whole(1, 5), r.whole(1, 40), r.whole(1, 6)];
  const b = r.pick(bytes);
  const columns = r.pick([[], [n]]);
  const bScale = tensor(
    'float32',
    columns,
    Array.from({ length: product(columns) }, () => 0.01 + r.next()),
  );
  return { m, k, n, b, bScale, bZero: r.codes(b, columns), bias: r.pick([undefined, r.floats([n])]) };
}

const makers: Record<string, (random: Random) => Case> = {
  QLinearAdd: pair('QLinearAdd'),
  QLinearMul: pair('QLinearMul'),
  QLinearSigmoid: mapped('QLinearSigmoid'),
  QLinearLeakyRelu: mapped('QLinearLeakyRelu', (r) => ({ alpha: r.pick([0.01, 0.3]) })),
  QLinearConcat: (r) => {
    const type = r.pick(bytes);
    const zero = () => r.codes(type, []);
    const parts = Array.from({ length: r.whole(1, 3) }, () => [
      r.codes(type, [2, r.whole(1, 9)]),
      scale(r),
      zero(),
    ]).flat();
    return own('QLinearConcat', [scale(r), zero(), ...parts], { axis: 1 });
  },
  QLinearWhere: (r) => {
    const type = r.pick(bytes);
    const zero = () => r.codes(type, []);
    const condition = tensor('bool', [3, 1], [1, 0, r.whole(0, 1)]);
    const [x, y] = [r.codes(type, [3, 7]), r.codes(type, r.pick([[7], [3, 1], []]))];
    return own('QLinearWhere', [condition, x, scale(r), zero(), y, scale(r), zero(), scale(r), zero()]);
  },
  QLinearAveragePool: (r) => {
    const type = r.pick(bytes);
    const x = r.codes(type, [1, 3, r.whole(5, 9), r.whole(5, 9)]);
    const inputs = [x, scale(r), r.codes(type, []), scale(r), r.codes(type, [])];
    const kernel = [r.whole(1, 3), r.whole(1, 3)];
    return own('QLinearAveragePool', inputs, {
      kernel_shape: kernel,
      strides: [r.whole(1, 2), r.whole(1, 2)],
      pads: [...kernel, ...kernel].map((k) => r.whole(0, k - 1)),
      count_include_pad: r.whole(0, 1),
    });
  },
  QLinearGlobalAveragePool: (r) => {
    const type = r.pick(bytes);
    const x = r.codes(type, [2, 3, r.whole(1, 7), r.whole(1, 7)]);
    const inputs = [x, scale(r), r.codes(type, []), scale(r), r.codes(type, [])];
    return own('QLinearGlobalAveragePool', inputs, { channels_last: r.whole(0, 1) });
  },
  // An axis of one element gives code 0 in ONNX Runtime where the sum of its exponentials is 256 quanta.
  QLinearSoftmax: (r) => {
    const type = r.pick(bytes);
    const y = [tensor('float32', [], [1 / 256]), tensor(type, [], [type === 'int8' ? -128 : 0])];
    const x = r.codes(type, [2, r.whole(2, 12), r.whole(2, 5)]);
    return own('QLinearSoftmax', [x, scale(r), r.codes(type, []), ...y], {
      axis: r.whole(0, 2),
      opset: r.pick([11, 13]),
    });
  },
  // Equal codes share an odd number of half steps; the float32 sum of their exponentials says which way it is rounded.
  'QLinearSoftmax on ties': (r) => {
    const [count, rest, size] = [2 * r.whole(1, 9), r.whole(0, 12), scale(r, 0.3, 1.5)];
    const steps = count * (r.whole(0, 5) + 0.5);
    const row = Array.from({ length: count + rest }, (_, i) => (i < count ? 255 : r.whole(0, 120)));
    const y = [tensor('float32', [], [1 / (steps + 0.5)]), tensor('uint8', [], [0])];
    const x = tensor('uint8', [1, row.length], row);
    return own('QLinearSoftmax', [x, size, r.codes('uint8', []), ...y], { opset: 13 });
  },
  MatMulIntegerToFloat: (r) => {
    const { m, k, n, b, bScale, bZero, bias } = product2(r);
    const a = r.codes('uint8', [m, k]);
    return own('MatMulIntegerToFloat', [
      a,
      r.codes(b, [k, n]),
      scale(r),
      bScale,
      r.codes('uint8', []),
      bZero,
      bias,
    ]);
  },
  DynamicQuantizeMatMul: (r) => {
    const { m, k, n, b, bScale, bZero, bias } = product2(r);
    return own('DynamicQuantizeMatMul', [r.floats([m, k]), r.codes(b, [k, n]), bScale, bZero, bias]);
  },
  QGemm: (r) => {
    const { m, k, n, bScale } = product2(r);
    const [transA, transB] = [r.whole(0, 1), r.whole(0, 1)];
    const type = r.pick(bytes);
    const a = r.codes(type, transA ? [k, m] : [m, k]);
    const b = r.codes(type, transB ? [n, k] : [k, n]);
    const bZero = tensor(type, bScale.dims, new Array(bScale.size).fill(r.whole(0, 9)));
    const c = r.pick([undefined, r.codes('int32', r.pick([[n], [m, n], [m, 1], []]))]);
    const y = r.pick([[], [tensor('float32', [], [10 + 90 * r.next()]), r.codes(type, [])]]);
    return own(
      'QGemm',
      [a, scale(r, 0.1, 1), r.codes(type, []), b, bScale, bZero, c, ...y],
      { transA, transB, alpha: r.pick([1, 0.5]) },
      ['alpha'],
    );
  },
  MatMulNBits: (r) => {
    const [m, n, bits] = [r.whole(1, 3), r.whole(1, 5), r.pick([4, 8])];
    const [size, k] = [16, r.pick([16, 32, 48, 40])];
    const blocks = Math.ceil(k / size);
    const b = r.codes('uint8', [n, blocks, (size * bits) / 8]);
    const zeros = r.pick([undefined, r.codes('uint8', [n * Math.ceil((blocks * bits) / 8)])]);
    return own('MatMulNBits', [r.floats([m, k]), b, r.floats([n * blocks]), zeros], {
      K: k,
      N: n,
      bits,
      block_size: size,
    });
  },
};

describe('beside ONNX Runtime', () => {
  it.each(Object.keys(makers))('com.microsoft %s', (name) =>
    expectSameWithSeeds(name, makers[name]!, 40, name === 'MatMulNBits' ? 1e-4 : 2e-6),
  );

  it('QLinearSoftmax keeps its codes where the largest exponential times 1 / scale is beyond float32', () => {
    const one = (value: number) => tensor('float32', [], [value]);
    const zero = tensor('uint8', [], [0]);
    const x = tensor('uint8', [1, 2], [3, 3]);
    const inputs = [x, one(0.3), zero, one(1 / 400.5), zero];
    const [y] = runNode('QLinearSoftmax', inputs, { opset: 13 }, { domain: 'com.microsoft', opset: 1 });
    expect(valuesOf(y)).toEqual([200, 200]);
  });
});
