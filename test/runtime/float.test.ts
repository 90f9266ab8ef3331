import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { fromTensor, makeArray, type NdArray } from '../../src/runtime/array.ts';
import type { SumConvention } from '../../src/runtime/conventions.ts';
import { convolveFloats } from '../../src/runtime/float/convolve.ts';
import { multiplyFloats } from '../../src/runtime/float/matmul.ts';
import { convolveSimply, multiplySimply } from '../../src/runtime/float/simple.ts';
import { summationOf } from '../../src/runtime/float/sums.ts';
import { convolveWinograd, transformFilters } from '../../src/runtime/float/winograd.ts';
import { matMulShape } from '../../src/runtime/matmul.ts';
import { slideWindow } from '../../src/runtime/window.ts';

/** The fast float kernels have the bits of the obvious ones in ONNX Runtime's order, and are within a bound of them in double. */

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Numbers of either sign, of like size or of sizes far apart. */
function numbers(dims: readonly number[], seed: number, spread: number): NdArray {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const value = () => (next() - 0.5) * 2 ** Math.round(spread * (next() - 0.5));
  return fromTensor(tensor('float32', dims, Float32Array.from({ length: product(dims) }, value)));
}

const side = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const anyOf = (min: number, max: number) => fc.integer({ min, max });

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

const places = {
  batch: anyOf(1, 2),
  strides: side(1, 3),
  dilations: side(1, 2),
  pads: fc.array(anyOf(0, 3), { minLength: 4, maxLength: 4 }),
  extra: side(0, 12),
};
const anyShape: fc.Arbitrary<Shape> = fc.record({
  ...places,
  group: anyOf(1, 3),
  depth: anyOf(1, 40),
  filters: anyOf(1, 7),
  kernel: side(1, 4),
});
const singleFilterShape: fc.Arbitrary<Shape> = fc.record({
  ...places,
  group: anyOf(1, 5),
  depth: fc.constantFrom(1, 1, 1, 2),
  filters: fc.constant(1),
  kernel: fc.oneof(fc.constant([3, 3] as const), side(1, 5)),
});
/** Deeper than a piece of a tile. */
const deepShape: fc.Arbitrary<Shape> = fc.record({
  ...places,
  group: fc.constant(1),
  depth: anyOf(700, 1700),
  filters: anyOf(1, 4),
  kernel: fc.constant([1, 1] as const),
});
const squareShape: fc.Arbitrary<Shape> = fc.record({
  ...places,
  group: anyOf(1, 2),
  depth: anyOf(16, 90),
  filters: anyOf(8, 13),
  kernel: fc.constant([3, 3] as const),
  strides: fc.constant([1, 1] as const),
  dilations: fc.constant([1, 1] as const),
  extra: side(6, 16),
});

function layerOf(shape: Shape, seed: number, spread: number) {
  const { batch, group, depth, filters, kernel, strides, dilations, pads, extra } = shape;
  const spatial = kernel.map(
    (k, i) => Math.max(1, dilations[i]! * (k - 1) + 1 - pads[i]! - pads[i + 2]!) + extra[i]!,
  );
  const x = numbers([batch, group * depth, ...spatial], seed, spread);
  const w = numbers([group * filters, depth, ...kernel], seed + 1, spread);
  const bias = seed % 2 === 0 ? numbers([group * filters], seed + 2, spread) : undefined;
  return { x, w, bias, attributes: { group, strides, dilations, pads } };
}

const seed = anyOf(1, 1e9);
const floats = (array: NdArray) => array.data as Float32Array;
const spreadOf = fc.constantFrom(0, 8, 30);

/** How far the double sums of a convolution may be from the exact ones before they are rounded (see winograd.ts). */
function boundOf(x: NdArray, w: NdArray): number {
  const [filters, depth] = w.dims as [number, number];
  const size = product(w.dims) / filters;
  const sizes = Array.from({ length: filters }, (_, f) =>
    floats(w)
      .subarray(f * size, (f + 1) * size)
      .reduce((sum, weight) => sum + Math.abs(weight), 0),
  );
  const largest = floats(x).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (depth + 32) * 2 ** -43 * largest * Math.max(...sizes);
}

function expectSameBits(got: NdArray, want: NdArray): void {
  expect(got.dims).toEqual(want.dims);
  expect(floats(got).findIndex((value, i) => !Object.is(value, floats(want)[i]))).toBe(-1);
}

function expectNear(got: NdArray, want: NdArray, bound: number): void {
  expect(got.dims).toEqual(want.dims);
  const far = floats(got).findIndex((value, i) => {
    const other = floats(want)[i]!;
    return !(
      Object.is(value, other) || Math.abs(value - other) <= 2 ** -23 * Math.abs(other) + bound + 2 ** -148
    );
  });
  expect(far).toBe(-1);
}

describe('convolveFloats', () => {
  it.each([
    ['of any shape', anyShape, 120],
    ['with one filter in each group', singleFilterShape, 120],
    ['deeper than a tile', deepShape, 6],
    ['with 3×3 windows', squareShape, 8],
  ] as const)('adds up convolutions %s as ONNX Runtime does, to the bit', (_, shapes, numRuns) => {
    fc.assert(
      fc.property(shapes, seed, spreadOf, (shape, start, spread) => {
        const { x, w, bias, attributes } = layerOf(shape, start, spread);
        const want = convolveSimply(x, w, bias, attributes, 'onnxruntime');
        expectSameBits(convolveFloats(x, w, bias, attributes, 'onnxruntime'), want);
      }),
      { seed: 1, numRuns },
    );
  });

  it.each([
    ['of any shape', anyShape, 120],
    ['with one filter in each group', singleFilterShape, 120],
    ['deeper than a tile', deepShape, 6],
    ['with 3×3 windows', squareShape, 12],
  ] as const)('adds up convolutions %s in double, rounded once', (_, shapes, numRuns) => {
    fc.assert(
      fc.property(shapes, seed, spreadOf, (shape, start, spread) => {
        const { x, w, bias, attributes } = layerOf(shape, start, spread);
        const want = convolveSimply(x, w, bias, attributes, 'double');
        expectNear(convolveFloats(x, w, bias, attributes, 'double'), want, boundOf(x, w));
      }),
      { seed: 2, numRuns },
    );
  });

  it('has exact sums where 3×3 windows are multiplied in fewer products, within its bound', () => {
    fc.assert(
      fc.property(squareShape, seed, anyOf(0, 20), (shape, start, bits) => {
        const { x: x0, w: w0, attributes } = layerOf(shape, start, 0);
        // Whole numbers, whose sums double precision holds.
        const whole = ({ dims, data }: NdArray) =>
          makeArray(
            'float32',
            dims,
            (data as Float32Array).map((v) => Math.round(v * 2 ** bits)),
          );
        const [x, w] = [whole(x0), whole(w0)];
        const window = slideWindow(x.dims.slice(2), [3, 3], attributes);
        const dims = [x.dims[0]!, w.dims[0]!, ...window.output];
        const sums = new Float64Array(product(dims));
        convolveWinograd(x, transformFilters(w, shape.group), window, undefined, sums);
        const exact = convolveSimply(
          makeArray('float64', x.dims, Float64Array.from(floats(x))),
          makeArray('float64', w.dims, Float64Array.from(floats(w))),
          undefined,
          attributes,
          'double',
        ).data as Float64Array;
        const bound = boundOf(x, w);
        expect(sums.findIndex((sum, i) => !(Math.abs(sum - exact[i]!) <= bound))).toBe(-1);
      }),
      { seed: 3, numRuns: 12 },
    );
  });

  it('keeps infinities and NaN where they belong', () => {
    const { x, w, attributes } = layerOf(
      {
        batch: 1,
        group: 1,
        depth: 16,
        filters: 8,
        kernel: [3, 3],
        strides: [1, 1],
        dilations: [1, 1],
        pads: [1, 1, 1, 1],
        extra: [10, 10],
      },
      5,
      0,
    );
    floats(x)[40] = Infinity;
    floats(x)[400] = NaN;
    for (const sums of ['double', 'onnxruntime'] as const) {
      const want = convolveSimply(x, w, undefined, attributes, sums);
      expect(floats(want).some((value) => Number.isFinite(value))).toBe(true);
      expectSameBits(convolveFloats(x, w, undefined, attributes, sums), want);
    }
    floats(x)[40] = 1;
    floats(x)[400] = 1;
    const broken = fromTensor(tensor('float32', w.dims, floats(w).slice()));
    floats(broken)[3] = Infinity;
    const want = convolveSimply(x, broken, undefined, attributes, 'double');
    expectNear(convolveFloats(x, broken, undefined, attributes, 'double'), want, boundOf(x, w));
  });

  it('slides over one axis and over three as over two', () => {
    const x = numbers([2, 6, 1, 17], 1, 4);
    for (const group of [1, 2, 6]) {
      const w = numbers([6, 6 / group, 1, 4], 2, 4);
      const flat = (array: NdArray) =>
        makeArray('float32', [...array.dims.slice(0, 2), array.dims[3]!], array.data);
      const deep = ({ dims: [n, c, h, v], data }: NdArray) => makeArray('float32', [n!, c!, h!, 1, v!], data);
      for (const sums of ['double', 'onnxruntime'] as const) {
        const want = convolveSimply(x, w, undefined, { group, strides: [1, 2], pads: [0, 1, 0, 2] }, sums);
        const line = convolveFloats(flat(x), flat(w), undefined, { group, strides: [2], pads: [1, 2] }, sums);
        const box = { group, strides: [1, 1, 2], pads: [0, 0, 1, 0, 0, 2] };
        expectNear(line, flat(want), 1e-12);
        expectNear(convolveFloats(deep(x), deep(w), undefined, box, sums), deep(want), 1e-12);
      }
    }
  });

  it('slides over rows that are longer than its memory', () => {
    const x = numbers([1, 1, 1, 70_000], 1, 0);
    const w = numbers([1, 1, 1, 3], 2, 0);
    for (const sums of ['double', 'onnxruntime'] as const) {
      const want = convolveSimply(x, w, undefined, {}, sums);
      expectSameBits(convolveFloats(x, w, undefined, {}, sums), want);
    }
  });

  it('gives the bias where there is nothing to add up', () => {
    const [x, w, bias] = [numbers([1, 0, 3, 3], 1, 0), numbers([2, 0, 1, 1], 1, 0), numbers([2], 1, 0)];
    const { data } = convolveFloats(x, w, bias, {}, 'double');
    expect([...floats(makeArray('float32', [], data))]).toEqual(
      [...floats(bias)].flatMap((value) => new Array<number>(9).fill(value)),
    );
  });
});

describe('multiplyFloats', () => {
  const shapes = fc.record({
    batches: fc.constantFrom([], [2], [2, 3]),
    shared: fc.boolean(),
    rows: anyOf(1, 9),
    depth: fc.oneof(anyOf(0, 40), anyOf(700, 1700)),
    columns: fc.oneof(anyOf(1, 40), fc.constantFrom(130, 300)),
  });

  it.each(['onnxruntime', 'double'] satisfies SumConvention[])(
    'has the sums of the obvious loops: %s',
    (sums) => {
      fc.assert(
        fc.property(shapes, seed, spreadOf, ({ batches, shared, rows, depth, columns }, start, spread) => {
          const a = numbers([...batches, rows, depth], start, spread);
          const b = numbers([...(shared ? [] : batches), depth, columns], start + 1, spread);
          const shape = matMulShape(a.dims, b.dims);
          const got = multiplyFloats(a, b, shape, summationOf('float32', sums));
          const want = multiplySimply(a, b, shape, sums);
          if (sums === 'onnxruntime') expectSameBits(got, want);
          else expectNear(got, want, depth ** 2 * 2 ** (spread - 50));
        }),
        { seed: 4, numRuns: 12 },
      );
    },
  );
});
