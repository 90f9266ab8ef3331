import { type DataType, type Tensor, tensor } from '../../../src/ir/index.ts';
import type { PlainValue } from '../../../src/ops/index.ts';
import { type Attributes, exact, type Maker, type Sketch, when } from '../sketch.ts';
import { int64s, product, scalar, type Values } from '../values.ts';
import { broadcastTo } from './elementwise.ts';

const family = 'layout';
const movable: readonly DataType[] = [
  'float32',
  'float32',
  'int8',
  'uint8',
  'int32',
  'int64',
  'float64',
  'bool',
  'int16',
  'float16',
  'string',
];
const padded: readonly DataType[] = ['float32', 'int8', 'uint8', 'int32', 'int64', 'float64'];

/** A maker that keeps elements and changes where they are. */
function layout(
  opType: string,
  since: number,
  make: Maker['make'],
  {
    ranks = [1, 4],
    types = movable,
    empty = true,
    weight = 1,
    dims,
  }: {
    readonly ranks?: readonly [number, number];
    readonly types?: readonly DataType[] | ((opset: number) => readonly DataType[]);
    readonly empty?: boolean;
    readonly weight?: number;
    readonly dims?: (v: Values) => readonly number[];
  } = {},
): Maker {
  const typesOf = typeof types === 'function' ? types : () => types;
  const fits = (x: Tensor, opset: number) =>
    typesOf(opset).includes(x.dtype) &&
    x.dims.length >= ranks[0] &&
    x.dims.length <= ranks[1] &&
    (empty || x.size > 0) &&
    x.size < 2000;
  return {
    opType,
    family,
    since,
    within: exact,
    weight,
    x: (v) =>
      v.any(v.pick(typesOf(v.opset)), dims?.(v) ?? v.dims(v.whole(...ranks), { empty, longest: 300 })),
    follows: dims === undefined ? fits : undefined,
    make,
  };
}

/** Axes as an attribute before an opset, as an input from then on. */
function axesOf(
  v: Values,
  from: number,
  axes: readonly number[],
): { inputs: Tensor[]; attributes: Attributes } {
  return v.opset >= from ? { inputs: [int64s(axes)], attributes: {} } : { inputs: [], attributes: { axes } };
}

/** Another way to say a shape: 0 copies a length, −1 is worked out. */
function disguised(v: Values, from: readonly number[], to: readonly number[]): number[] {
  const shape = to.map((d, i) => (d !== 0 && from[i] === d && v.chance(0.3) ? 0 : d));
  if (product(to) > 0 && to.length > 0 && v.chance(0.4)) shape[v.below(to.length)] = -1;
  return shape;
}

/** Random lengths with a product. */
function factors(v: Values, count: number): number[] {
  if (count === 0) return v.pick([[0], [0, 3], [2, 0]]);
  const made: number[] = [];
  let left = count;
  for (let p = 2; left > 1; p++)
    while (left % p === 0) {
      left /= p;
      if (made.length > 0 && v.chance(0.4)) made[v.below(made.length)]! *= p;
      else made.push(p);
    }
  if (v.chance(0.3) || (made.length === 0 && v.chance(0.5))) made.splice(v.below(made.length + 1), 0, 1);
  return made;
}

const indexType = (v: Values): DataType => v.pick(['int64', 'int32']);

/** Indices along a length, negative ones among them where the version has them. */
function indices(v: Values, dims: readonly number[], length: number): Tensor {
  return v.small(indexType(v), dims, v.opset >= 11 ? -length : 0, length - 1);
}

export const layouts: readonly Maker[] = [
  layout(
    'Reshape',
    7,
    (v, x) => ({
      inputs: [x, int64s(x.size === 0 ? x.dims.map(() => 0) : disguised(v, x.dims, factors(v, x.size)))],
    }),
    { ranks: [0, 4], weight: 2 },
  ),
  layout('Flatten', 9, (v, x) => ({
    inputs: [x],
    attributes: { axis: v.opset >= 11 ? v.whole(-x.dims.length, x.dims.length) : v.whole(0, x.dims.length) },
  })),
  layout('Squeeze', 7, (v, x): Sketch => {
    const ones = x.dims.flatMap((d, i) =>
      d === 1 && v.chance(0.7) ? [v.opset >= 11 && v.chance(0.3) ? i - x.dims.length : i] : [],
    );
    if (ones.length === 0) return { inputs: [x] };
    const { inputs, attributes } = axesOf(v, 13, ones);
    return { inputs: [x, ...inputs], attributes };
  }),
  layout(
    'Unsqueeze',
    7,
    (v, x): Sketch => {
      const count = v.whole(1, 2);
      const rank = x.dims.length + count;
      const axes = v
        .order(rank)
        .slice(0, count)
        .sort((a, b) => a - b)
        .map((a) => (v.opset >= 11 && v.chance(0.3) ? a - rank : a));
      const { inputs, attributes } = axesOf(v, 13, axes);
      return { inputs: [x, ...inputs], attributes };
    },
    { ranks: [0, 3] },
  ),
  layout(
    'Transpose',
    7,
    (v, x) => ({ inputs: [x], attributes: when(v.chance(0.8), { perm: v.order(x.dims.length) }) }),
    { weight: 2, ranks: [1, 5] },
  ),
  layout(
    'Concat',
    7,
    (v, x): Sketch => {
      const axis = v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length);
      const along = (axis + x.dims.length) % x.dims.length;
      const others = Array.from({ length: v.whole(0, 3) }, () =>
        v.any(x.dtype, x.dims.with(along, v.whole(v.chance(0.2) ? 0 : 1, 4))),
      );
      return { inputs: [x, ...others], attributes: { axis } };
    },
    { weight: 2 },
  ),
  layout(
    'Split',
    7,
    (v, x): Sketch => {
      const axis = v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length);
      const length = x.dims.at(axis)!;
      const parts: number[] = [];
      for (let left = length; left > 0 && parts.length < 4; left -= parts.at(-1)!)
        parts.push(parts.length === 3 ? left : v.whole(v.chance(0.1) ? 0 : 1, left));
      if (parts.length === 0) parts.push(0);
      if (v.opset >= 18 && v.chance(0.4)) {
        const outputs = v.whole(1, Math.max(1, Math.min(4, length)));
        if (length > 0 && (outputs - 1) * Math.ceil(length / outputs) < Math.max(length, 1))
          return { inputs: [x], attributes: { axis, num_outputs: outputs }, outputs };
      }
      return v.opset >= 13
        ? { inputs: [x, int64s(parts)], attributes: { axis }, outputs: parts.length }
        : { inputs: [x], attributes: { axis, split: parts }, outputs: parts.length };
    },
    { weight: 2, types: ['float32', 'int32', 'int64', 'uint8', 'int8'] },
  ),
  layout('Slice', 7, (v, x) => slice(v, x), { weight: 4 }),
  layout('Pad', 7, (v, x) => pad(v, x), {
    weight: 3,
    empty: false,
    types: (opset) => (opset >= 13 ? [...padded, 'bool'] : opset >= 11 ? padded : ['float32', 'float64']),
  }),
  layout(
    'Gather',
    7,
    (v, x): Sketch => {
      const axis = v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length);
      return {
        inputs: [x, indices(v, v.dims(v.whole(0, 2), { longest: 20, empty: true }), x.dims.at(axis)!)],
        attributes: { axis },
      };
    },
    { empty: false, weight: 2 },
  ),
  layout(
    'GatherElements',
    11,
    (v, x): Sketch => {
      const axis = v.axis(x.dims.length);
      const dims = x.dims
        .map((d) => v.whole(1, d))
        .with((axis + x.dims.length) % x.dims.length, v.whole(1, 5));
      return { inputs: [x, indices(v, dims, x.dims.at(axis)!)], attributes: { axis } };
    },
    { empty: false },
  ),
  layout(
    'GatherND',
    11,
    (v, x): Sketch => {
      const batch = v.opset >= 12 ? v.below(x.dims.length) : 0;
      const depth = v.whole(1, x.dims.length - batch);
      const outer = [...x.dims.slice(0, batch), ...v.dims(v.whole(batch > 0 ? 0 : 0, 1), { longest: 6 })];
      const rows = Array.from({ length: product(outer) }, () =>
        Array.from({ length: depth }, (_, i) => v.whole(-x.dims[batch + i]!, x.dims[batch + i]! - 1)),
      );
      return {
        inputs: [x, tensor('int64', [...outer, depth], rows.flat())],
        attributes: when(batch > 0, { batch_dims: batch }),
      };
    },
    { empty: false },
  ),
  layout(
    'ScatterElements',
    11,
    (v, x): Sketch => {
      const axis = v.axis(x.dims.length);
      const along = (axis + x.dims.length) % x.dims.length;
      const reduction =
        v.opset >= 18
          ? v.pick(['none', 'add', 'max', 'min', 'mul'])
          : v.opset >= 16
            ? v.pick(['none', 'add', 'mul'])
            : 'none';
      // Without a reduction, an index may come up once only: the order of writes is not defined.
      const length = x.dims[along]!;
      const dims = x.dims.map((d) => v.whole(1, d)).with(along, v.whole(1, length));
      const inner = product(dims.slice(along + 1));
      const count = dims[along]!;
      const orders = new Map<number, number[]>();
      const where = Array.from({ length: product(dims) }, (_, i) => {
        const lane = Math.floor(i / (inner * count)) * inner + (i % inner);
        const order = orders.get(lane) ?? v.order(length);
        orders.set(lane, order);
        const at = order[Math.floor(i / inner) % count]!;
        return v.chance(0.3) ? at - length : at;
      });
      return {
        inputs: [x, tensor(indexType(v), dims, where), v.any(x.dtype, dims)],
        attributes: v.opset >= 16 ? { axis, reduction } : { axis },
      };
    },
    { empty: false, types: ['float32', 'int32', 'int64', 'uint8', 'float64'] },
  ),
  layout(
    'ScatterND',
    11,
    (v, x): Sketch => {
      const depth = v.whole(1, x.dims.length);
      const places = product(x.dims.slice(0, depth));
      const rows = v.order(places).slice(0, v.whole(1, Math.min(places, 5)));
      const where = rows.flatMap((place) => {
        const at: number[] = [];
        for (let i = depth - 1, left = place; i >= 0; left = Math.floor(left / x.dims[i]!), i--)
          at.unshift(left % x.dims[i]!);
        return at;
      });
      const reduction =
        v.opset >= 18
          ? v.pick(['none', 'add', 'max', 'min', 'mul'])
          : v.opset >= 16
            ? v.pick(['none', 'add', 'mul'])
            : 'none';
      return {
        inputs: [
          x,
          tensor('int64', [rows.length, depth], where),
          v.any(x.dtype, [rows.length, ...x.dims.slice(depth)]),
        ],
        attributes: when(v.opset >= 16, { reduction }),
      };
    },
    { empty: false, types: ['float32', 'int32', 'int64', 'uint8', 'float64'] },
  ),
  layout(
    'Expand',
    8,
    (v, x): Sketch => {
      const dims = x.dims.map((d) => (d === 1 ? v.pick([1, 2, 3]) : v.pick([d, 1])));
      return {
        inputs: [x, int64s(v.chance(0.3) ? [v.whole(1, 3), ...dims] : dims.slice(v.below(dims.length + 1)))],
      };
    },
    { ranks: [0, 3], types: ['float32', 'int32', 'int64', 'uint8', 'bool', 'float64'] },
  ),
  layout('Tile', 7, (v, x) => ({ inputs: [x, int64s(x.dims.map(() => v.pick([0, 1, 1, 2, 3])))] }), {
    ranks: [1, 3],
    types: ['float32', 'int32', 'int64', 'uint8', 'bool', 'float64'],
  }),
  layout(
    'DepthToSpace',
    7,
    (v, x) => ({
      inputs: [x],
      attributes: { blocksize: 2, ...when(v.opset >= 11, { mode: v.pick(['DCR', 'CRD']) }) },
    }),
    { types: ['float32'], dims: (v) => [v.whole(1, 2), 4 * v.whole(1, 3), v.whole(1, 4), v.whole(1, 4)] },
  ),
  layout('SpaceToDepth', 7, (v, x) => ({ inputs: [x], attributes: { blocksize: v.pick([2, 3]) } }), {
    types: ['float32'],
    dims: (v) => [v.whole(1, 2), v.whole(1, 3), 6 * v.whole(1, 2), 6],
  }),
  layout(
    'Shape',
    7,
    (v, x): Sketch => {
      const rank = x.dims.length;
      return {
        inputs: [x],
        attributes: when(v.opset >= 15 && v.chance(0.5), {
          start: v.whole(-rank - 1, rank),
          end: v.whole(-rank - 1, rank + 1),
        }),
      };
    },
    { ranks: [0, 4] },
  ),
  layout('Size', 7, (_, x) => ({ inputs: [x] }), { ranks: [0, 4] }),
  layout(
    'Trilu',
    14,
    (v, x) => ({
      inputs: [x, ...(v.chance(0.6) ? [scalar('int64', v.whole(-5, 5))] : [])],
      attributes: { upper: v.below(2) },
    }),
    { ranks: [2, 4], types: ['float32', 'int64', 'float64'] },
  ),
  layout('NonZero', 9, (_, x) => ({ inputs: [x] }), {
    types: ['float32', 'int32', 'int64', 'uint8', 'bool'],
    ranks: [1, 4],
  }),
  layout(
    'Compress',
    9,
    (v, x): Sketch => {
      if (v.chance(0.3)) return { inputs: [x, v.any('bool', [v.whole(1, Math.max(1, x.size))])] };
      const axis = v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length);
      return { inputs: [x, v.any('bool', [v.whole(1, x.dims.at(axis)!)])], attributes: { axis } };
    },
    { empty: false, types: ['float32', 'int32', 'int64', 'uint8', 'bool', 'float64'] },
  ),
  layout(
    'ReverseSequence',
    10,
    (v, x): Sketch => {
      const time = v.below(2);
      const lengths = v.small('int64', [x.dims[1 - time]!], 1, x.dims[time]!);
      return { inputs: [x, lengths], attributes: { time_axis: time, batch_axis: 1 - time } };
    },
    { ranks: [2, 4], empty: false, types: ['float32', 'int32', 'int64', 'uint8', 'float64', 'bool'] },
  ),
  {
    opType: 'OneHot',
    family,
    since: 9,
    within: exact,
    make(v): Sketch {
      const depth = v.whole(1, 6);
      const dims = v.dims(v.whole(1, 3), { longest: 40 });
      // Types of indices and values that ONNX Runtime has together.
      const [type, out] = v.pick([
        ['int64', 'int64'],
        ['int64', 'float32'],
        ['int64', 'int32'],
        ['int64', 'string'],
        ['int32', 'float32'],
        ['float32', 'float32'],
      ] as const);
      const where = v.small(type, dims, v.opset >= 11 ? -depth - 1 : 0, depth + 1);
      return {
        inputs: [
          where,
          scalar(out === 'int32' ? 'float32' : type, depth),
          out === 'string' ? tensor(out, [2], ['off', 'on']) : v.small(out, [2], -3, 9),
        ],
        attributes: { axis: v.whole(-1, dims.length) },
      };
    },
  },
  {
    opType: 'Range',
    family,
    since: 11,
    within: exact,
    make(v): Sketch {
      const dtype = v.pick(['int32', 'int64', 'float32', 'float64', 'int16'] as const);
      const step = v.pick([1, 2, 3, -1, -2]);
      return { inputs: [v.whole(-9, 9), v.whole(-20, 20), step].map((value) => scalar(dtype, value)) };
    },
  },
  {
    opType: 'ConstantOfShape',
    family,
    since: 9,
    within: exact,
    make(v): Sketch {
      const dtype = v.pick(['float32', 'int64', 'int32', 'uint8', 'bool', 'float64', 'int8'] as const);
      const value: Record<string, PlainValue> = when(v.chance(0.8), { value: v.any(dtype, [1]) });
      return { inputs: [int64s(v.dims(v.whole(0, 3), { empty: true }))], attributes: value };
    },
  },
  {
    opType: 'EyeLike',
    family,
    since: 9,
    within: exact,
    x: (v) => v.any(v.pick(['float32', 'int32', 'int64'] as const), v.dims(2)),
    make: (v, x) => ({
      inputs: [x],
      attributes: { k: v.whole(-3, 3), ...when(v.chance(0.5), { dtype: v.pick([1, 6, 7, 11]) }) },
    }),
  },
  {
    opType: 'TopK',
    family,
    since: 10,
    within: exact,
    weight: 2,
    x: (v) =>
      v.any(
        v.pick<DataType>(v.opset >= 11 ? ['float32', 'int32', 'int64'] : ['float32']),
        v.dims(v.whole(1, 3)),
        { finite: true },
      ),
    make(v, x): Sketch {
      const axis = v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length);
      const k = int64s([v.whole(v.chance(0.1) ? 0 : 1, x.dims.at(axis)!)]);
      // Unsorted results may come in any order.
      return {
        inputs: [distinctZeros(x), k],
        attributes: v.opset >= 11 ? { axis, largest: v.below(2) } : { axis },
        outputs: 2,
      };
    },
  },
  {
    opType: 'Unique',
    family,
    since: 11,
    within: exact,
    x: (v) => unsorted(v),
    make: (v, x) => ({
      inputs: [x],
      attributes: { sorted: v.below(2), ...when(v.chance(0.5), { axis: v.axis(x.dims.length) }) },
      outputs: 4,
    }),
  },
  ...(['ArgMax', 'ArgMin'] as const).map(
    (opType): Maker => ({
      opType,
      family,
      since: 7,
      within: exact,
      x: (v) => {
        const types: readonly DataType[] =
          v.opset >= 13
            ? ['float32', 'int32', 'int8', 'uint8', 'int64']
            : v.opset >= 12
              ? ['float32', 'int32', 'int8', 'uint8']
              : ['float32', 'int32'];
        const dims = v.dims(v.whole(1, 4));
        return v.chance(0.5)
          ? v.small(v.pick(types), dims, 0, 3)
          : v.any(v.pick(types), dims, { finite: true });
      },
      make: (v, x) => ({
        inputs: [x],
        attributes: {
          axis: v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length),
          keepdims: v.below(2),
          ...when(v.opset >= 12, { select_last_index: v.below(2) }),
        },
      }),
    }),
  ),
  {
    opType: 'Where',
    family,
    since: 9,
    within: exact,
    x: (v) => v.any('bool', v.dims(v.whole(1, 3))),
    make: (v, x) => ({
      inputs: [x, v.any('uint8', broadcastTo(v, x.dims)), v.any('uint8', broadcastTo(v, x.dims))],
    }),
  },
];

/** Few values, each of them often. ONNX Runtime 1.30 ends the process where there is none. */
function unsorted(v: Values): Tensor {
  const dims = v.dims(v.whole(1, 3), { longest: 60 });
  if (v.chance(0.2)) return v.any('string', dims);
  return v.small(v.pick(['float32', 'float64', 'int64', 'int8'] as const), dims, -3, 3);
}

/** −0 as 0: which of the two is larger is nobody's promise. */
function distinctZeros(x: Tensor): Tensor {
  return x.dtype === 'float32'
    ? tensor(
        x.dtype,
        x.dims,
        (x.toTypedArray() as Float32Array).map((value) => value + 0),
      )
    : x;
}

const far = [9223372036854775807n, -9223372036854775808n, 2147483647n, -2147483648n, 1000n, -1000n];

function slice(v: Values, x: Tensor): Sketch {
  const rank = x.dims.length;
  const axes = v.order(rank).slice(0, v.whole(1, rank));
  const bound = (axis: number) =>
    v.chance(0.25) ? v.pick(far) : BigInt(v.whole(-x.dims[axis]! - 1, x.dims[axis]! + 1));
  const starts = axes.map(bound);
  const ends = axes.map(bound);
  if (v.opset < 10) {
    const named = { starts: starts.map(safe), ends: ends.map(safe), axes };
    return { inputs: [x], attributes: named };
  }
  const steps = axes.map(() => v.pick([1, 1, 1, 2, 3, -1, -1, -2, 100, -100]));
  const type = v.pick(['int64', 'int64', 'int32'] as const);
  const vector = (values: readonly (number | bigint)[]) =>
    type === 'int64'
      ? int64s(values)
      : tensor(
          'int32',
          [values.length],
          values.map((value) => safe(BigInt(value))),
        );
  const named = axes.map((axis) => (v.chance(0.3) ? axis - rank : axis));
  if (v.chance(0.2) && rank === axes.length)
    return { inputs: [x, ...byAxis(axes, starts, ends).map(vector)] };
  return {
    inputs: [x, vector(starts), vector(ends), vector(named), ...(v.chance(0.8) ? [vector(steps)] : [])],
  };
}

/** Bounds in the order of the axes, for a Slice that does not name them. */
function byAxis(axes: readonly number[], ...bounds: (readonly bigint[])[]): bigint[][] {
  return bounds.map((bound) => axes.map((_, axis) => bound[axes.indexOf(axis)]!));
}

function safe(value: bigint): number {
  return Number(value > 2147483647n ? 2147483647n : value < -2147483648n ? -2147483648n : value);
}

function pad(v: Values, x: Tensor): Sketch {
  const rank = x.dims.length;
  const mode = v.pick(['constant', 'constant', 'edge', 'reflect', ...(v.opset >= 19 ? ['wrap'] : [])]);
  const limit = (axis: number) =>
    mode === 'reflect' ? x.dims[axis]! - 1 : mode === 'wrap' ? x.dims[axis]! : 3;
  const crops = mode === 'constant' && v.chance(0.3);
  const pads = Array.from({ length: 2 * rank }, (_, i) => {
    if (crops && x.dims[i % rank]! > 2 && v.chance(0.3)) return -1;
    return v.whole(0, Math.min(3, limit(i % rank)));
  });
  if (v.opset < 11) {
    return { inputs: [x], attributes: { mode, pads, value: v.whole(-3, 3) }, floats: ['value'] };
  }
  const value = mode === 'constant' && v.chance(0.6) ? v.any(x.dtype, []) : undefined;
  return { inputs: [x, int64s(pads), value], attributes: { mode } };
}
