import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DataType, tensor } from '../../src/ir/index.ts';
import { allocate, type Cells, fromTensor, makeArray, type NdArray } from '../../src/runtime/array.ts';
import { zipElements } from '../../src/runtime/elementwise.ts';
import { average } from '../../src/runtime/kernels/average-pool.ts';
import { largest } from '../../src/runtime/kernels/max-pool.ts';
import { pool } from '../../src/runtime/pool.ts';
import { averageOfPlane, largestOfPlane, poolPlanes, suitsPlanes } from '../../src/runtime/pool-planes.ts';
import { copyStrided } from '../../src/runtime/strided.ts';
import { slideWindow } from '../../src/runtime/window.ts';
import { runNode } from './run-node.ts';

/** Loops of their own give what the general ones give. */

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

const value = fc.oneof(
  { weight: 6, arbitrary: fc.float({ noNaN: true, min: -4, max: 4 }) },
  fc.constantFrom(0, -0, Infinity, -Infinity, NaN),
);

function floatsOf(dims: readonly number[]): fc.Arbitrary<NdArray> {
  const count = product(dims);
  return fc
    .array(value, { minLength: count, maxLength: count })
    .map((values) => fromTensor(tensor('float32', dims, values)));
}

function expectSame(got: NdArray, want: NdArray): void {
  expect(got.dims).toEqual(want.dims);
  const [a, b] = [got.data as Float32Array, want.data as Float32Array];
  expect(a.constructor).toBe(b.constructor);
  expect(Array.from(a).findIndex((element, i) => !Object.is(element, b[i]))).toBe(-1);
}

const two = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

describe('pools by planes', () => {
  const windows = fc
    .record({
      kernel_shape: two(1, 5),
      strides: two(1, 3),
      dilations: two(1, 2),
      pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
      ceil_mode: fc.constantFrom(0, 1),
      extra: two(0, 6),
    })
    .map(({ extra, ...attributes }) => ({
      attributes,
      spatial: extra.map(
        (more, i) => attributes.dilations[i]! * (attributes.kernel_shape[i]! - 1) + 1 + more,
      ),
    }));

  it('give what pools by taps give, for floats and bytes', () => {
    let tried = 0;
    fc.assert(
      fc.property(
        windows.chain(({ attributes, spatial }) =>
          fc.tuple(fc.constant(attributes), floatsOf([1, 2, ...spatial]), fc.boolean()),
        ),
        ([attributes, x, pads]) => {
          const spatial = x.dims.slice(2);
          const window = slideWindow(spatial, attributes.kernel_shape, attributes);
          if (!suitsPlanes(spatial, window)) return;
          tried++;
          expectSame(poolPlanes(x, window, largestOfPlane), pool(x, attributes, largest));
          expectSame(poolPlanes(x, window, averageOfPlane(pads)), pool(x, attributes, average(pads)));
          const codes = makeArray(
            'int8',
            x.dims,
            Int8Array.from(x.data as Float32Array, (v) => v * 30),
          );
          expectSame(poolPlanes(codes, window, largestOfPlane), pool(codes, attributes, largest));
        },
      ),
      { seed: 1, numRuns: 150 },
    );
    expect(tried).toBeGreaterThan(80);
  });

  it('are not asked for windows that see nothing, which MaxPool refuses', () => {
    const attributes = { kernel_shape: [1, 1], pads: [1, 0, 0, 0] };
    expect(suitsPlanes([4, 4], slideWindow([4, 4], [1, 1], attributes))).toBe(false);
    const x = tensor('float32', [1, 1, 4, 4], new Float32Array(16));
    expect(() => runNode('MaxPool', [x], attributes)).toThrow('sees nothing but padding');
  });
});

describe('float32 loops', () => {
  const shapes = fc.constantFrom(
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    [[2, 3, 4], [4]],
    [[2, 3, 4], []],
    [
      [3, 1],
      [2, 1, 5],
    ],
    [[1], [7]],
    [[0, 3], [3]],
  );
  const pairs = shapes.chain(([a, b]) => fc.tuple(floatsOf(a!), floatsOf(b!)));
  const functions: Record<string, (x: number, y: number) => number> = {
    Add: (x, y) => x + y,
    Sub: (x, y) => x - y,
    Mul: (x, y) => x * y,
    Div: (x, y) => x / y,
  };

  it.each(Object.keys(functions))('%s is what its function is', (opType) => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const of = functions[opType]!;
        const got = runNode(opType, [toTensor(a), toTensor(b)])[0]!;
        expectSame(fromTensor(got), zipElements(a, b, 'float32', of));
      }),
      { seed: 2, numRuns: 40 },
    );
  });

  const maps: Record<string, (x: number) => number> = {
    Relu: (x) => Math.max(x, 0),
    LeakyRelu: (x) => (x < 0 ? Math.fround(0.01) * x : x),
    Clip: (x) => (Number.isNaN(x) ? x : Math.min(Math.max(x, -3.4028234663852886e38), 3.4028234663852886e38)),
  };
  it.each(Object.keys(maps))('%s is what its function is', (opType) => {
    fc.assert(
      fc.property(floatsOf([11]), (x) => {
        const got = fromTensor(runNode(opType, [toTensor(x)])[0]!);
        const want = (x.data as Float32Array).map(maps[opType]!);
        expectSame(got, makeArray('float32', [11], want));
      }),
      { seed: 3, numRuns: 40 },
    );
  });
});

describe('copyStrided', () => {
  const dtypes: readonly DataType[] = [
    'int8',
    'bool',
    'uint16',
    'float16',
    'float32',
    'int64',
    'float64',
    'string',
  ];

  it.each(dtypes)('moves elements of %s as they are', (dtype) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer({ min: -2, max: 3 }), { minLength: 3, maxLength: 3 }),
        (dims, steps) => {
          const strides = dims.map((_, i) => steps[i]!);
          const lowest = dims.reduce((sum, d, i) => sum + Math.min(0, strides[i]! * (d - 1)), 0);
          const highest = dims.reduce((sum, d, i) => sum + Math.max(0, strides[i]! * (d - 1)), 0);
          const source = allocate(dtype, [highest - lowest + 1]) as unknown as (number | bigint | string)[];
          for (let i = 0; i < source.length; i++)
            source[i] = dtype === 'string' ? `${i}` : dtype === 'int64' ? BigInt(-i) : i % 100;
          const x = makeArray(dtype, [source.length], source as unknown as Cells);
          const got = copyStrided(x, dims, strides, -lowest).data as unknown as ArrayLike<unknown>;
          for (let i = 0; i < got.length; i++) {
            let rest = i;
            let at = -lowest;
            for (let axis = dims.length - 1; axis >= 0; axis--) {
              at += (rest % dims[axis]!) * strides[axis]!;
              rest = Math.floor(rest / dims[axis]!);
            }
            if (got[i] !== source[at]) expect([i, got[i]]).toEqual([i, source[at]]);
          }
        },
      ),
      { seed: 4, numRuns: 30 },
    );
  });
});

function toTensor({ dtype, dims, data }: NdArray) {
  return tensor(dtype, dims, data as Float32Array);
}
