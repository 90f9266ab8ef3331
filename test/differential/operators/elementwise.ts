import { type DataType, integerRange, type Tensor, tensor } from '../../../src/ir/index.ts';
import {
  type Attributes,
  byteTypes,
  commonTypes,
  exact,
  type Maker,
  type Sketch,
  type Tolerance,
  when,
} from '../sketch.ts';
import { product, scalar, type Values } from '../values.ts';

const _floatTypes: readonly DataType[] = ['float32', 'float32', 'float32', 'float64', 'float16'];
const wholeTypes: readonly DataType[] = [
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
];
const ulps = (count: number): Tolerance => ({ kind: 'element', ulps: count });

/** An operator of one input that keeps its shape. */
function unary(
  opType: string,
  since: number,
  types: readonly DataType[],
  within: Tolerance = exact,
  more: {
    readonly input?: (v: Values, dtype: DataType, dims: readonly number[]) => Tensor;
    readonly attributes?: (v: Values) => Attributes;
    readonly floats?: readonly string[];
    readonly until?: number;
  } = {},
): Maker {
  const input = more.input ?? ((v, dtype, dims) => v.any(dtype, dims));
  return {
    opType,
    family: within.kind === 'exact' ? 'elementwise' : 'transcendental',
    since,
    until: more.until,
    within,
    x: (v) => input(v, v.pick(types), v.dims(v.whole(0, 4), { empty: true })),
    follows:
      more.input === undefined ? ({ dtype }) => types.includes(dtype) && dtype !== 'float16' : undefined,
    make: (v, x) => ({ inputs: [x], attributes: more.attributes?.(v) ?? {}, floats: more.floats }),
  };
}

/** Dims that broadcast with others: some lengths 1, leading axes missing, or the other has more of them. */
export function broadcastTo(v: Values, dims: readonly number[]): number[] {
  const made = dims.map((d) => (v.chance(0.25) ? 1 : d));
  if (v.chance(0.3)) return made.slice(v.below(made.length + 1));
  if (v.chance(0.15) && product(dims) < 100) return [v.whole(1, 3), ...made];
  return made;
}

/** Dims that broadcast both ways: lengths of 1 may be stretched, too. */
export function broadcastWith(v: Values, dims: readonly number[]): number[] {
  if (product(dims) > 200) return broadcastTo(v, dims);
  return broadcastTo(
    v,
    dims.map((d) => (d === 1 && v.chance(0.3) ? v.whole(2, 4) : d)),
  );
}

/** An operator of two inputs that broadcast. */
function binary(
  opType: string,
  since: number,
  types: (opset: number) => readonly DataType[],
  more: {
    readonly within?: Tolerance;
    readonly second?: (v: Values, dtype: DataType, dims: readonly number[]) => Tensor;
    readonly first?: (v: Values, dtype: DataType, dims: readonly number[]) => Tensor;
    readonly attributes?: (v: Values, dtype: DataType) => Attributes;
  } = {},
): Maker {
  const any = (v: Values, dtype: DataType, dims: readonly number[]) => v.any(dtype, dims);
  const { within = exact, second = any, first = any } = more;
  return {
    opType,
    family: within.kind === 'exact' ? 'elementwise' : 'transcendental',
    since,
    within,
    x: (v) => first(v, v.pick(types(v.opset)), v.dims(v.whole(0, 4), { empty: true, longest: 200 })),
    follows:
      more.first === undefined
        ? ({ dtype }, opset) => types(opset).includes(dtype) && dtype !== 'float16'
        : undefined,
    make: (v, x) => ({
      inputs: [x, second(v, x.dtype, broadcastWith(v, x.dims))],
      attributes: more.attributes?.(v, x.dtype) ?? {},
    }),
  };
}

/** Two or more inputs that broadcast. */
function variadic(
  opType: string,
  since: number,
  types: (opset: number) => readonly DataType[],
  within: Tolerance = exact,
): Maker {
  return {
    opType,
    family: within.kind === 'exact' ? 'elementwise' : 'sum',
    since,
    within,
    x: (v) => some(v, v.pick(types(v.opset)), v.dims(v.whole(0, 3), { longest: 100 })),
    follows:
      within.kind === 'exact'
        ? ({ dtype }, opset) => types(opset).includes(dtype) && dtype !== 'float16'
        : undefined,
    make: (v, x) => ({
      inputs: [x, ...Array.from({ length: v.whole(0, 3) }, () => some(v, x.dtype, broadcastTo(v, x.dims)))],
    }),
  };
  function some(v: Values, dtype: DataType, dims: readonly number[]) {
    return within.kind === 'exact' ? v.any(dtype, dims) : v.moderate(dtype, dims);
  }
}

/** Not zero, and not the −1 that overflows: ONNX leaves both undefined for integers. */
function divisors(v: Values, dtype: DataType, dims: readonly number[]): Tensor {
  const x = v.any(dtype, dims);
  if (integerRange(dtype) === undefined) return x;
  const wide = dtype === 'int64' || dtype === 'uint64';
  const values = Array.from(x.toTypedArray() as ArrayLike<number | bigint>, (d) =>
    Number(d) === 0 || Number(d) === -1 ? (wide ? 3n : 3) : d,
  );
  return tensor(dtype, dims, values);
}

const smallFloats = (v: Values, dtype: DataType, dims: readonly number[]) =>
  v.moderate(dtype, dims, v.pick([0.1, 1, 4]));
const arithmetic = (opset: number): readonly DataType[] =>
  opset >= 14
    ? [...commonTypes, ...commonTypes, 'int8', 'uint8', 'int16', 'uint16', 'uint32', 'uint64', 'float16']
    : commonTypes;
const ordered = (opset: number): readonly DataType[] =>
  opset >= 12
    ? [...commonTypes, 'int8', 'uint8', 'uint32', 'uint64', 'float16']
    : opset >= 8
      ? ['float32', 'float64']
      : ['float32'];
const compared = (opset: number): readonly DataType[] => (opset >= 9 ? commonTypes : ['float32', 'float64']);
const bools = (): readonly DataType[] => ['bool'];
const alpha = (v: Values) => ({ alpha: v.pick([0, 0.1, 0.5, 1, 2.5]) });

export const elementwise: readonly Maker[] = [
  unary('Abs', 7, [...commonTypes, ...byteTypes, 'int16', 'uint16', 'uint32', 'uint64', 'float16']),
  unary('Neg', 7, [...commonTypes, 'int8']),
  unary('Sign', 9, [...commonTypes, ...byteTypes, 'int16', 'uint16', 'uint32', 'uint64', 'float16']),
  unary('Floor', 7, ['float32', 'float64', 'float16']),
  unary('Ceil', 7, ['float32', 'float64', 'float16']),
  unary('Round', 11, ['float32', 'float64', 'float16']),
  unary('Relu', 7, ['float32', 'float64', 'float16']),
  unary('Not', 7, ['bool']),
  unary('Identity', 7, [...wholeTypes, 'float32', 'bool', 'string']),
  unary('IsNaN', 9, ['float32', 'float64', 'float16']),
  unary('IsInf', 10, ['float32', 'float64'], exact, {
    attributes: (v) => ({ detect_negative: v.below(2), detect_positive: v.below(2) }),
  }),
  unary('BitwiseNot', 18, wholeTypes),
  unary('Reciprocal', 7, ['float32', 'float64']),
  unary('Sqrt', 7, ['float32', 'float64']),
  unary('LeakyRelu', 7, ['float32', 'float16'], exact, { attributes: alpha, floats: ['alpha'] }),
  unary('ThresholdedRelu', 10, ['float32'], exact, { attributes: alpha, floats: ['alpha'] }),
  unary(
    'HardSigmoid',
    7,
    ['float32'],
    { kind: 'largest', ulps: 2, largest: 2 },
    {
      attributes: (v) => ({ alpha: v.pick([0.2, 0.25]), beta: v.pick([0.5, 0.3]) }),
      floats: ['alpha', 'beta'],
      input: (v, dtype, dims) => v.moderate(dtype, dims, 3),
    },
  ),
  // Just above -3 a half and almost its opposite are added, then multiplied by three.
  unary('HardSwish', 14, ['float32'], { kind: 'largest', ulps: 4, largest: 1.5 }, { input: smallFloats }),
  unary('Softsign', 7, ['float32'], ulps(2)),
  unary('Exp', 7, ['float32', 'float64'], ulps(4)),
  unary('Log', 7, ['float32', 'float64'], ulps(4)),
  unary('Erf', 9, ['float32'], { kind: 'largest', ulps: 4, largest: 1 }, { input: smallFloats }),
  unary('Tanh', 7, ['float32', 'float64'], { kind: 'largest', ulps: 4, largest: 1 }, { input: smallFloats }),
  unary(
    'Sigmoid',
    7,
    ['float32', 'float64'],
    { kind: 'largest', ulps: 4, largest: 1 },
    { input: smallFloats },
  ),
  unary('Softplus', 7, ['float32'], { kind: 'largest', ulps: 4, largest: 1 }, { input: smallFloats }),
  unary(
    'Elu',
    7,
    ['float32'],
    { kind: 'largest', ulps: 4, largest: 1 },
    { input: smallFloats, attributes: alpha, floats: ['alpha'] },
  ),
  unary('Selu', 7, ['float32'], { kind: 'largest', ulps: 4, largest: 1 }, { input: smallFloats }),
  unary(
    'Celu',
    12,
    ['float32'],
    { kind: 'largest', ulps: 8, largest: 3 },
    {
      input: smallFloats,
      attributes: (v) => ({ alpha: v.pick([0.5, 1, 2.5]) }),
      floats: ['alpha'],
    },
  ),
  unary('Mish', 18, ['float32'], { kind: 'largest', ulps: 8, largest: 1 }, { input: smallFloats }),
  unary(
    'Gelu',
    20,
    ['float32'],
    { kind: 'largest', ulps: 8, largest: 1 },
    {
      input: smallFloats,
      attributes: (v) => ({ approximate: v.pick(['none', 'tanh']) }),
    },
  ),
  ...['Sin', 'Cos', 'Atan'].map((name) =>
    unary(name, 7, ['float32'], { kind: 'largest', ulps: 4, largest: 1 }, { input: smallFloats }),
  ),
  ...['Sinh', 'Cosh', 'Asinh'].map((name) => unary(name, 9, ['float32'], ulps(6), { input: smallFloats })),
  unary('Tan', 7, ['float32'], ulps(6), { input: (v, dtype, dims) => v.moderate(dtype, dims, 0.5) }),
  unary('Asin', 7, ['float32'], ulps(6), { input: withinOne }),
  unary('Acos', 7, ['float32'], ulps(6), { input: withinOne }),
  unary('Atanh', 9, ['float32'], ulps(6), { input: withinOne }),
  unary('Acosh', 9, ['float32'], ulps(6), {
    input: (v, dtype, dims) =>
      tensor(
        dtype,
        dims,
        Array.from({ length: product(dims) }, () => 1 + 5 * v.uniform()),
      ),
  }),
  binary('Add', 7, arithmetic),
  binary('Sub', 7, arithmetic),
  binary('Mul', 7, arithmetic),
  binary('Div', 7, arithmetic, { second: divisors }),
  binary('Mod', 10, () => wholeTypes, {
    second: divisors,
    attributes: (v) => when(v.chance(0.5), { fmod: 1 }),
  }),
  binary('Pow', 12, () => ['float32', 'float64'], {
    within: ulps(4),
    first: (v, dtype, dims) => v.moderate(dtype, dims, 3),
    second: (v, dtype, dims) => v.small(v.pick([dtype, 'int32', 'int64']), dims, -3, 4),
  }),
  ...['And', 'Or', 'Xor'].map((name) => binary(name, 7, bools)),
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].map((name) => binary(name, 18, () => wholeTypes)),
  binary('Equal', 7, (opset) =>
    opset >= 11 ? [...commonTypes, 'bool'] : opset >= 7 ? ['int32', 'int64', 'bool'] : [],
  ),
  binary('Less', 7, compared),
  binary('Greater', 7, compared),
  binary('LessOrEqual', 16, compared),
  binary('GreaterOrEqual', 16, compared),
  binary('BitShift', 11, () => ['uint8', 'uint32', 'uint64'], {
    second: (v, dtype, dims) => v.small(dtype, dims, 0, dtype === 'uint8' ? 7 : dtype === 'uint32' ? 31 : 63),
    attributes: (v) => ({ direction: v.pick(['LEFT', 'RIGHT']) }),
  }),
  variadic('Max', 8, ordered),
  variadic('Min', 8, ordered),
  variadic('Sum', 8, () => ['float32', 'float64'], { kind: 'largest', ulps: 3 }),
  variadic('Mean', 8, () => ['float32'], { kind: 'largest', ulps: 4 }),
  {
    opType: 'PRelu',
    family: 'elementwise',
    since: 7,
    within: exact,
    x: (v) => v.any('float32', v.dims(v.whole(1, 4), { empty: true })),
    follows: ({ dtype, dims }) => dtype === 'float32' && dims.length > 0,
    make: (v, x) => ({
      inputs: [
        x,
        v.any('float32', x.dims.map((d) => (v.chance(0.4) ? 1 : d)).slice(v.below(x.dims.length)), {
          finite: true,
        }),
      ],
    }),
  },
  {
    opType: 'Clip',
    family: 'elementwise',
    since: 7,
    within: exact,
    weight: 2,
    x: (v) => v.any(v.pick(clipTypes(v.opset)), v.dims(v.whole(0, 4), { empty: true })),
    follows: ({ dtype }, opset) => clipTypes(opset).includes(dtype) && dtype !== 'float16',
    make(v, x): Sketch {
      if (v.opset < 11)
        return {
          inputs: [x],
          attributes: { min: v.whole(-5, 0), max: v.whole(0, 9) },
          floats: ['min', 'max'],
        };
      const low = v.chance(0.7) ? scalar(x.dtype, v.whole(/^u/.test(x.dtype) ? 0 : -9, 5)) : undefined;
      const high = v.chance(0.7) ? scalar(x.dtype, v.whole(5, 100)) : undefined;
      return { inputs: [x, low, high] };
    },
  },
  {
    opType: 'Where',
    family: 'elementwise',
    since: 9,
    within: exact,
    x: (v) => v.any('bool', v.dims(v.whole(0, 4), { empty: true, longest: 200 })),
    follows: ({ dtype }) => dtype === 'bool',
    make(v, x): Sketch {
      const dtype = v.pick(['float32', 'int32', 'int64', 'uint8', 'float64', 'string'] as const);
      return { inputs: [x, v.any(dtype, broadcastTo(v, x.dims)), v.any(dtype, broadcastTo(v, x.dims))] };
    },
  },
];

function clipTypes(opset: number): readonly DataType[] {
  return opset >= 12 ? [...commonTypes, ...byteTypes, 'uint32', 'uint64', 'float16'] : ['float32'];
}

function withinOne(v: Values, dtype: DataType, dims: readonly number[]): Tensor {
  return tensor(
    dtype,
    dims,
    Array.from({ length: product(dims) }, () => 2 * v.uniform() - 1),
  );
}
