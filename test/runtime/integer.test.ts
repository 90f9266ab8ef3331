import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { fromTensor, type NdArray, numbersOf } from '../../src/runtime/array.ts';
import { type Finish, finishSums } from '../../src/runtime/finish.ts';
import { convolveAndFinish, convolveBytes } from '../../src/runtime/integer/convolve.ts';
import { multiplyAndFinish, multiplyBytes } from '../../src/runtime/integer/matmul.ts';
import { convolveSimply, multiplySimply } from '../../src/runtime/integer/simple.ts';
import { matMulShape } from '../../src/runtime/matmul.ts';
import { saturate } from '../../src/runtime/quantize.ts';
import { runNode, valuesOf } from './run-node.ts';

/** The fast integer kernels have the bits of the obvious ones. */

type Byte = 'int8' | 'uint8';

const range = { int8: [-128, 127], uint8: [0, 255] } as const;
const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Bytes that are spread over the whole range, or sit at its ends. */
function bytes(dtype: Byte, dims: readonly number[], seed: number, extreme: boolean): NdArray {
  const [low, high] = range[dtype];
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const value = () => (extreme ? (next() < 0.5 ? low : high) : low + Math.floor(next() * 256));
  const codes = new (dtype === 'int8' ? Int8Array : Uint8Array)(product(dims));
  for (let i = 0; i < codes.length; i++) codes[i] = value();
  return fromTensor(tensor(dtype, dims, codes));
}

const filled = (dtype: Byte, dims: readonly number[], value: number) =>
  fromTensor(tensor(dtype, dims, new Array<number>(product(dims)).fill(value)));

/** Index of the first element that differs, or -1. */
function firstDifference(sums: ArrayLike<number>, want: ArrayLike<number>): number {
  return sums.length === want.length
    ? Array.prototype.findIndex.call(sums, (sum, i) => sum !== want[i])
    : sums.length;
}

const byteType = fc.constantFrom<Byte>('int8', 'uint8');
const seed = fc.integer({ min: 1, max: 1e9 });

/** A zero point of a type: none, the ends, anything. */
const zeroOf = (dtype: Byte) =>
  fc.oneof(
    fc.constant(0),
    fc.constantFrom(...range[dtype]),
    fc.integer({ min: range[dtype][0], max: range[dtype][1] }),
  );

interface Shape {
  readonly batch: number;
  readonly group: number;
  readonly depth: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly number[];
  readonly extra: readonly [number, number];
}

const side = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const pads = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 });

const anyShape: fc.Arbitrary<Shape> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 3 }),
  depth: fc.integer({ min: 1, max: 5 }),
  filters: fc.integer({ min: 1, max: 7 }),
  kernel: side(1, 4),
  strides: side(1, 3),
  dilations: side(1, 3),
  pads,
  extra: side(0, 7),
});

/** One channel and one filter in each group. */
const depthwiseShape: fc.Arbitrary<Shape> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 5 }),
  depth: fc.constant(1),
  filters: fc.constant(1),
  kernel: fc.oneof(fc.constant([3, 3] as const), side(1, 5)),
  strides: side(1, 3),
  dilations: fc.oneof(fc.constant([1, 1] as const), side(1, 3)),
  pads,
  extra: side(0, 12),
});

/** 3×3 windows that move by one. */
const squareShape: fc.Arbitrary<Shape> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 2 }),
  depth: fc.integer({ min: 14, max: 40 }),
  filters: fc.integer({ min: 6, max: 13 }),
  kernel: fc.constant([3, 3] as const),
  strides: fc.constant([1, 1] as const),
  dilations: fc.constant([1, 1] as const),
  pads,
  extra: side(0, 9),
});

/** Convolves both ways, as a model's node does and as the obvious loops do. */
function expectEqualSums(
  shape: Shape,
  [xType, wType]: readonly [Byte, Byte],
  [xZero, wZero]: readonly [number, number],
  start: number,
  extreme: boolean,
): void {
  const { batch, group, depth, filters, kernel, strides, dilations, pads, extra } = shape;
  const spatial = kernel.map(
    (k, i) => Math.max(1, dilations[i]! * (k - 1) + 1 - pads[i]! - pads[i + 2]!) + extra[i]!,
  );
  const x = bytes(xType, [batch, group * depth, ...spatial], start, extreme);
  const w = bytes(wType, [group * filters, depth, ...kernel], start + 1, extreme);
  const [low, high] = range[wType];
  const wZeros = Array.from({ length: group * filters }, (_, f) =>
    f % 2 === 0 ? wZero : low + high - wZero,
  );
  const zeros = start % 2 === 0 ? [wZero] : wZeros;
  const attributes = { group, strides, dilations, pads };
  const fast = convolveBytes(x, w, attributes, xZero, zeros);
  const simple = convolveSimply(x, w, attributes, xZero, zeros);
  expect(fast.dims).toEqual(simple.dims);
  expect(fast.sums).toEqual(simple.sums);
}

const typesAndZeros = fc
  .tuple(byteType, byteType)
  .chain((types) => fc.tuple(fc.constant(types), fc.tuple(zeroOf(types[0]), zeroOf(types[1]))));

describe('convolutions of bytes', () => {
  it.each([
    ['any shape', anyShape, 250],
    ['one channel and one filter in each group', depthwiseShape, 250],
    ['3×3 at stride 1', squareShape, 100],
  ] as const)('have the sums of the obvious loops: %s', (_, shapes, numRuns) => {
    const law = fc.property(
      shapes,
      typesAndZeros,
      seed,
      fc.boolean(),
      (shape, [types, zeros], start, extreme) => expectEqualSums(shape, types, zeros, start, extreme),
    );
    fc.assert(law, { numRuns });
  });

  it.each([144, 576, 767, 768, 769, 2304, 4095, 4096, 4608])(
    'are exact where all of %i products are as large as bytes allow',
    (depth) => {
      const extremes = [
        ['int8', -128, 0, 'int8', -128, 0],
        ['int8', -128, 127, 'int8', -128, 127],
        ['int8', -128, 127, 'int8', 127, -128],
        ['uint8', 255, 0, 'uint8', 255, 0],
      ] as const;
      for (const [xType, value, xZero, wType, weight, wZero] of extremes) {
        const sum = depth * (value - xZero) * (weight - wZero);
        const plain = convolveBytes(
          filled(xType, [1, depth, 2, 2], value),
          filled(wType, [5, depth, 1, 1], weight),
          {},
          xZero,
          [wZero],
        );
        expect(new Set(plain.sums)).toEqual(new Set([sum]));
        if (depth % 9 !== 0) continue;
        const square = convolveBytes(
          filled(xType, [1, depth / 9, 4, 5], value),
          filled(wType, [5, depth / 9, 3, 3], weight),
          {},
          xZero,
          [wZero],
        );
        expect(new Set(square.sums)).toEqual(new Set([sum]));
      }
    },
  );

  it('wrap around where they leave int32', () => {
    const depth = 33_100;
    const x = filled('uint8', [1, depth, 1, 1], 255);
    const { sums } = convolveBytes(x, filled('uint8', [1, depth, 1, 1], 255), {});
    expect([...sums]).toEqual([33_100 * 255 * 255 - 2 ** 32]);
  });

  it.each([
    ['windows, in bands of rows', [1, 64, 290, 290], [2, 64, 3, 3], { strides: [3, 4], pads: [1, 0, 2, 1] }],
    ['windows wider than memory', [1, 1, 3, 2_100_000], [2, 1, 2, 1], { strides: [1, 5000] }],
    ['windows over one long axis', [1, 2, 2_200_000], [1, 2, 3], { strides: [7000], pads: [1, 1] }],
    ['single channels, in bands of rows', [1, 2, 61, 3001], [2, 1, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
    ['single channels of wide rows', [1, 2, 9, 5000], [2, 1, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
  ] as const)('take what memory has no room for bit by bit: %s', (_, xDims, wDims, attributes) => {
    const x = bytes('uint8', xDims, 3, false);
    const w = bytes('int8', wDims, 4, false);
    const want = convolveSimply(x, w, attributes, 100, [1]).sums;
    expect(firstDifference(convolveBytes(x, w, attributes, 100, [1]).sums, want)).toBe(-1);
  });

  it('compute 3×3 windows in bands of rows as others do', () => {
    const x = bytes('uint8', [1, 16, 13, 30_001], 5, false);
    const w = bytes('int8', [9, 16, 3, 3], 6, false);
    const computed: NdArray = { ...w, data: (w.data as Int8Array).slice() };
    const pads = { pads: [1, 1, 1, 1] };
    const want = convolveBytes(x, computed, pads, 100).sums;
    expect(firstDifference(convolveBytes(x, w, pads, 100).sums, want)).toBe(-1);
  });

  it('write sums where they are told to', () => {
    const x = fromTensor(tensor('int8', [1, 1, 2, 2], [1, 2, 3, 4]));
    const w = fromTensor(tensor('int8', [1, 1, 1, 1], [3]));
    const into = new Int32Array(4).fill(99);
    expect(convolveBytes(x, w, {}, 0, [0], into).sums).toBe(into);
    expect([...into]).toEqual([3, 6, 9, 12]);
  });

  it('slide over one and over three axes', () => {
    const line = convolveBytes(
      fromTensor(tensor('int8', [1, 1, 4], [1, 2, 3, 4])),
      fromTensor(tensor('int8', [1, 1, 3], [1, 0, -1])),
      { pads: [1, 0] },
    );
    expect([line.dims, [...line.sums]]).toEqual([
      [1, 1, 3],
      [-2, -2, -2],
    ]);
    const cube = filled('uint8', [1, 1, 2, 2, 2], 3);
    expect([...convolveBytes(cube, filled('int8', [1, 1, 2, 2, 2], -5), {}, 1).sums]).toEqual([-80]);
  });

  it('look at weights anew that are not constants', () => {
    const x = filled('int8', [1, 1, 1, 1], 2);
    const data = new Int8Array([3]);
    const w: NdArray = { dtype: 'int8', dims: [1, 1, 1, 1], data };
    expect([...convolveBytes(x, w, {}).sums]).toEqual([6]);
    data[0] = 5;
    expect([...convolveBytes(x, w, {}).sums]).toEqual([10]);
  });

  it('do not mistake the same weights under other zero points or groups', () => {
    const x = fromTensor(tensor('int8', [1, 2, 1, 1], [2, 3]));
    const w = tensor('int8', [2, 1, 1, 1], [5, 7]);
    const sums = (zeros: readonly number[]) => [
      ...convolveBytes(x, fromTensor(w), { group: 2 }, 0, zeros).sums,
    ];
    expect(sums([0])).toEqual([10, 21]);
    expect(sums([1])).toEqual([8, 18]);
    expect(sums([0, 1])).toEqual([10, 18]);
    const [one] = runNode('ConvInteger', [tensor('int8', [1, 1, 1, 1], [2]), w]);
    expect(valuesOf(one)).toEqual([10, 14]);
  });
});

describe('matrix products of bytes', () => {
  const length = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 40 }));
  const shapes = fc.record({
    m: length,
    n: length,
    k: fc.oneof(length, fc.integer({ min: 760, max: 1600 })),
  });

  it('have the sums of the obvious loops', () => {
    const law = fc.property(
      shapes,
      typesAndZeros,
      seed,
      fc.nat(3),
      ({ m, n, k }, [types, zeros], start, kind) => {
        const stacked = kind === 1 ? [2] : [];
        const a = bytes(types[0], [...stacked, m, k], start, kind === 2);
        const b = bytes(types[1], [...(kind === 3 ? [3] : stacked), k, n], start + 1, kind === 2);
        const shape = matMulShape(a.dims, b.dims);
        const aZero = kind === 1 ? bytes(types[0], [m, 1], start + 2, false) : filled(types[0], [], zeros[0]);
        const bZero = kind === 1 ? bytes(types[1], [n], start + 3, false) : filled(types[1], [], zeros[1]);
        const want = multiplySimply(a, b, aZero.data as Int8Array, bZero.data as Int8Array, shape);
        expect(multiplyBytes(a, b, aZero, bZero, shape)).toEqual(want);
      },
    );
    fc.assert(law, { numRuns: 150 });
  });

  it('multiply vectors, and nothing at all', () => {
    const a = tensor('int8', [2], [3, -4]);
    expect(valuesOf(runNode('MatMulInteger', [a, tensor('uint8', [2], [10, 20])])[0])).toEqual([-50]);
    const [empty] = runNode('MatMulInteger', [tensor('int8', [2, 0], []), tensor('int8', [0, 2], [])]);
    expect(valuesOf(empty)).toEqual([0, 0, 0, 0]);
  });

  it('refuse zero points that do not fit', () => {
    const inputs = [tensor('int8', [3, 2], [1, 2, 3, 4, 5, 6]), tensor('int8', [2, 2], [1, 2, 3, 4])];
    const zero = tensor('int8', [2], [1, 2]);
    expect(() => runNode('MatMulInteger', [...inputs, zero])).toThrow(/do not fit \[3,2\]/);
  });
});

/** What operators do with their sums; the residual is as long as `count`. */
const finishes: readonly (readonly [string, (channels: number, count: number, seed: number) => Finish])[] = [
  [
    'codes, an offset for each channel',
    (channels) => ({
      kind: 'requantization',
      channels,
      factors: Float64Array.from({ length: channels }, (_, c) => Math.fround(1e-3 / (c + 1))),
      offsets: Array.from({ length: channels }, (_, c) => 1000 * c - 500),
      zero: 7,
      dtype: 'uint8',
      rounding: 'onnxruntime',
    }),
  ],
  [
    'real numbers',
    (channels) => ({
      kind: 'scaling',
      channels,
      factors: Float64Array.from({ length: channels }, (_, c) => Math.fround(0.1 * (c + 1))),
      shifts: [0.5, -0.25],
      rounds: false,
    }),
  ],
  [
    'codes of an activation, after codes are added',
    (channels, count, seed) => ({
      kind: 'epilogue',
      channels,
      factors: Float64Array.of(Math.fround(2e-4)),
      shifts: Float64Array.from({ length: channels }, (_, c) => Math.fround(0.01 * c)),
      residual: { values: bytes('int8', [count], seed, false), scale: Math.fround(0.03) },
      activation: { name: 'Silu', values: [] },
      scale: Math.fround(0.05),
      rounding: 'half-even',
    }),
  ],
];

describe('sums that are finished band by band', () => {
  it.each([
    ['windows, in bands of rows', [1, 3, 90, 91], [11, 3, 2, 2], {}],
    ['windows, in bands of filters', [1, 4, 2, 500], [200, 4, 1, 1], {}],
    ['squares of odd rows', [1, 16, 61, 63], [22, 16, 3, 3], { pads: [1, 1, 1, 1] }],
    ['squares of several images', [3, 16, 30, 31], [31, 16, 3, 3], {}],
    ['groups of several images', [2, 6, 90, 91], [9, 2, 3, 3], { group: 3, strides: [1, 2] }],
    ['single channels', [2, 9, 100, 101], [9, 1, 3, 3], { group: 9, pads: [1, 1, 1, 1] }],
    ['single channels that do not fit', [1, 2, 300, 301], [2, 1, 3, 3], { group: 2 }],
    ['single elements', [70, 5, 1, 1], [1001, 5, 1, 1], {}],
    ['rows wider than a band', [1, 1, 2, 70_001], [5, 1, 1, 2], {}],
    ['no channels', [1, 0, 2, 2], [3, 0, 1, 1], {}],
  ] as const)('are finished as those of the whole: %s', (_, xDims, wDims, attributes) => {
    const [x, w] = [bytes('uint8', xDims, 7, false), bytes('int8', wDims, 8, false)];
    const { sums, dims } = convolveBytes(x, w, attributes, 100, [1]);
    finishes.forEach(([name, finishOf]) => {
      const finish = finishOf(dims[1]!, sums.length, 9);
      const got = convolveAndFinish({ x, w, attributes, xZero: 100, wZeros: [1] }, () => finish);
      const want = finishSums(sums, dims, finish, product(dims.slice(2)));
      expect([got.dtype, got.dims], name).toEqual([want.dtype, dims]);
      expect(firstDifference(numbersOf(got), numbersOf(want)), name).toBe(-1);
    });
  });

  it.each([
    ['rows', [300, 11], [11, 401]],
    ['columns', [5, 11], [11, 20_001]],
    ['stacks', [3, 200, 7], [3, 7, 150]],
    ['no depth', [2, 0], [0, 3]],
  ] as const)('are finished as those of whole products: %s', (_, aDims, bDims) => {
    const [a, b] = [bytes('uint8', aDims, 3, false), bytes('int8', bDims, 4, false)];
    const shape = matMulShape(a.dims, b.dims);
    const sums = multiplyBytes(a, b, undefined, undefined, shape);
    finishes.forEach(([name, finishOf]) => {
      const finish = finishOf(shape.columns, sums.length, 9);
      const got = multiplyAndFinish({ a, b, shape }, finish);
      const want = finishSums(sums, shape.dims, finish, 1);
      expect([got.dtype, got.dims], name).toEqual([want.dtype, shape.dims]);
      expect(firstDifference(numbersOf(got), numbersOf(want)), name).toBe(-1);
    });
  });

  it('become the codes that the formula gives, behind a Relu too', () => {
    const ends = [-(2 ** 31), 2 ** 31 - 1, -1, 0, 1, 2, 3, -12_800, 12_700, 12_650, 25_500, 25_450];
    const sums = Int32Array.from({ length: 600 }, (_, i) => ends[i] ?? Math.round(30_000 * Math.sin(i)));
    const { fround } = Math;
    const cases = ['onnxruntime', 'half-even'].flatMap((rounding) =>
      [0.01, 0.5, 1e-9, 3e6, 1e30, Infinity, NaN].map((factor) => ({ rounding, factor: fround(factor) })),
    ) as { rounding: 'onnxruntime' | 'half-even'; factor: number }[];
    for (const { rounding, factor } of cases) {
      const round = rounding === 'onnxruntime' ? fround : (x: number) => x;
      for (const [dtype, zero] of [
        ['uint8', 0],
        ['uint8', 9],
        ['int8', -128],
        ['int8', 0],
      ] as const) {
        const [min, max] = range[dtype];
        const factors = Float64Array.of(factor);
        const common = { kind: 'requantization', channels: 1, factors, zero, dtype, rounding } as const;
        const codes = numbersOf(finishSums(sums, [600], { ...common, offsets: [5] }, 600));
        const want = sums.map((sum) => saturate(round(round((sum + 5) | 0) * factor), zero, min, max));
        expect(firstDifference(codes, want), `${dtype} ${zero} ${rounding} ${factor}`).toBe(-1);
      }
      for (const scale of [undefined, 0.7]) {
        const epilogue: Finish = {
          kind: 'epilogue',
          channels: 1,
          factors: Float64Array.of(factor),
          shifts: Float64Array.of(fround(0.35)),
          residual: undefined,
          activation: { name: 'Relu', values: [] },
          scale,
          rounding,
        };
        const want = Array.from(sums, (sum) => {
          const real = Math.max(fround(sum * factor + fround(0.35)), 0);
          return scale === undefined ? real : saturate(round(real / scale), 0, -128, 127);
        });
        const got = Array.from(numbersOf(finishSums(sums, [600], epilogue, 600)));
        expect(got, `Relu ${scale} ${rounding} ${factor}`).toEqual(want);
      }
    }
  });

  it('have the scales of their rows', () => {
    const [a, b] = [bytes('int8', [300, 5], 3, false), bytes('int8', [5, 301], 4, false)];
    const scales = (count: number) => Float32Array.from({ length: count }, (_, i) => 0.01 * (1 + (i % 7)));
    const [left, right] = [scales(300), scales(301)];
    const inputs = [
      [a, left, [300, 1]],
      [b, right, [301]],
    ].flatMap(([codes, scale, dims]) => [
      tensor('int8', (codes as NdArray).dims, (codes as NdArray).data as Int8Array),
      tensor('float32', dims as number[], scale as Float32Array),
      tensor('int8', dims as number[], new Int8Array((scale as Float32Array).length)),
    ]);
    const [y] = runNode('QLinearMatMul', [...inputs, tensor('float32', [], [0.5]), tensor('int8', [], [3])]);
    const sums = multiplyBytes(a, b, undefined, undefined, matMulShape(a.dims, b.dims));
    const codes = y!.toTypedArray() as Int8Array;
    const wrong = codes.findIndex((code, i) => {
      const factor = Math.fround(Math.fround(left[Math.floor(i / 301)]! * right[i % 301]!) / 0.5);
      const real = Math.fround(Math.fround(sums[i]!) * factor);
      const whole = Math.max(-1000, Math.min(1000, real)) + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;
      return code !== Math.max(-128, Math.min(127, whole + 3));
    });
    expect(wrong).toBe(-1);
  });
});
