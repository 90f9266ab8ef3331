import { type DataType, dataTypeToCode } from '../../ir/index.ts';
import { chance, type Kind, usual } from '../elements.ts';
import {
  type Ask,
  drawDims,
  drawNumber,
  drawType,
  fixedOr,
  floats,
  numbers,
  type Plan,
  type RecipeEntry,
  type Want,
} from '../recipe.ts';

const unary =
  'Relu Sigmoid Neg Abs Tanh LeakyRelu HardSigmoid HardSwish Elu Exp Erf Softplus Softsign Selu Celu Mish Gelu Swish Ceil Floor Round Sign Sin Cos Tan Sinh Cosh Asinh Atan ThresholdedRelu Shrink Reciprocal Sqrt Log Acos Asin Acosh Atanh';
const newUnary = new Map([
  ['HardSwish', 14],
  ['Mish', 18],
  ['Gelu', 20],
  ['Swish', 24],
  ['Celu', 12],
  ['Round', 11],
]);
const attributesOfUnary: { readonly [op: string]: readonly string[] } = {
  LeakyRelu: ['alpha'],
  Elu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
  ThresholdedRelu: ['alpha'],
  Shrink: ['lambd', 'bias'],
};

const factors: readonly number[] = [0.5, 0.25, 1, 2, 0.125, -0.5];
/** A sixth makes a HardSigmoid part of a HardSwish. */
const slopes: readonly number[] = [1 / 6, 1 / 6, 0.5, 0.25, 1, -0.5];

/** Operators that work element by element. */
export const elementwise: readonly (readonly [string, RecipeEntry])[] = [
  ...unary.split(' ').map((name): [string, RecipeEntry] => [
    name,
    {
      recipe: sameKind,
      gives: name === 'Neg' || name === 'Abs' || name === 'Sign' ? numbers : floats,
      since: newUnary.get(name) ?? 1,
      weight: name === 'Relu' ? 4 : name === 'Sigmoid' ? 2 : 0.2,
    },
  ]),
  ...['Add', 'Sub', 'Mul', 'Div'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: arithmetic, gives: numbers, since: 7, weight: name === 'Add' ? 3 : 1 },
  ]),
  ['Pow', { recipe: power, gives: floats, since: 13, weight: 0.2 }],
  ['PRelu', { recipe: arithmetic, gives: floats, since: 9, weight: 0.2 }],
  ['Mod', { recipe: modulo, gives: ['int32', 'int64', 'float32'], since: 10, weight: 0.2 }],
  ...['Max', 'Min'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: variadic, gives: numbers, since: 13 },
  ]),
  ...['Sum', 'Mean'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: variadic, gives: floats, since: 8 },
  ]),
  ...['Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: comparison, gives: ['bool'], since: 12 },
  ]),
  ...['And', 'Or', 'Xor'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: arithmetic, gives: ['bool'], since: 7 },
  ]),
  ['Not', { recipe: sameKind, gives: ['bool'] }],
  ...['IsNaN', 'IsInf'].map((name): [string, RecipeEntry] => [
    name,
    {
      recipe: (want) => ({ inputs: [{ ...want, dtype: 'float32' }] }),
      gives: ['bool'],
      since: 10,
      weight: 0.2,
    },
  ]),
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: arithmetic, gives: ['int32', 'uint8', 'int8'], since: 18, weight: 0.2 },
  ]),
  ['BitwiseNot', { recipe: sameKind, gives: ['int32', 'uint8', 'int8'], since: 18, weight: 0.2 }],
  ['Where', { recipe: where, gives: [...numbers, 'uint8', 'int8'], since: 9 }],
  ['Clip', { recipe: clip, gives: floats, weight: 2 }],
  ['Cast', { recipe: cast, gives: [...floats, 'int32', 'int64', 'uint8', 'int8', 'bool'], since: 9 }],
  ['CastLike', { recipe: castLike, gives: [...floats, 'int32', 'int64'], since: 15, weight: 0.2 }],
  ['Identity', { recipe: sameKind, gives: [...numbers, 'bool', 'int8', 'uint8'] }],
  ['Dropout', { recipe: dropout, gives: floats, since: 12, outputs: 0.4 }],
  [
    'CumSum',
    {
      recipe: cumSum,
      gives: ['float32', 'int32'],
      since: 11,
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.3,
    },
  ],
];

function sameKind(want: Kind, ask: Ask): Plan {
  const names = attributesOfUnary[ask.opType] ?? [];
  const usualNumbers = ask.opType === 'HardSigmoid' ? slopes : factors;
  const attributes = Object.fromEntries(
    names.flatMap((name) => {
      if (ask.fixed.has(name) || !chance(ask.random, 0.5)) return [];
      return [[name, Math.fround(drawNumber(ask, usualNumbers))]];
    }),
  );
  return { inputs: [want], attributes };
}

/** Both operands of the wanted dims, or one of them broadcast. */
export function broadcastPair(want: Kind, ask: Ask): [Want, Want] {
  const { random } = ask;
  // Constants are one number mostly, or one for each channel.
  const isConstant = ask.isConstant(0) !== ask.isConstant(1);
  if (chance(random, isConstant ? 0.3 : 0.6)) return [want, want];
  const small = (): Want => {
    if (chance(random, isConstant ? 0.55 : 0.35)) return { ...want, dims: [] };
    const dims = want.dims.map((length) => (chance(random, 0.5) ? 1 : length));
    const from = chance(random, 0.4) ? random.below(dims.length + 1) : 0;
    return { ...want, dims: dims.slice(from) };
  };
  const isFirst = isConstant ? chance(random, 0.9) === ask.isConstant(0) : chance(random, 0.3);
  return isFirst ? [small(), want] : [want, small()];
}

function arithmetic(want: Kind, ask: Ask): Plan {
  const [a, b] = broadcastPair(want, ask);
  if (ask.opType === 'PRelu') return { inputs: [want, a === want ? b : a] };
  return { inputs: [a, ask.opType === 'Div' ? { ...b, role: 'positive' } : b] };
}

function power(want: Kind, ask: Ask): Plan {
  const [a, b] = broadcastPair(want, ask);
  return { inputs: [a, { ...b, role: 'small' }] };
}

function modulo(want: Kind, ask: Ask): Plan {
  const [a, b] = broadcastPair(want, ask);
  return {
    inputs: [a, { ...b, role: 'positive' }],
    attributes: want.dtype === 'float32' || chance(ask.random, 0.3) ? { fmod: 1 } : {},
  };
}

function variadic(want: Kind, ask: Ask): Plan {
  return {
    inputs: Array.from({ length: ask.count }, (_, i) => (i === 0 ? want : broadcastPair(want, ask)[1])),
  };
}

function comparison(want: Kind, ask: Ask): Plan {
  const types: readonly DataType[] = ask.likes(0) ?? ask.likes(1) ?? ['float32', 'float32', 'int32', 'int64'];
  const [a, b] = broadcastPair({ ...want, dtype: drawType(ask, types) }, ask);
  return { inputs: [a, b] };
}

function where(want: Kind, ask: Ask): Plan {
  const [a, b] = broadcastPair(want, ask);
  return { inputs: [{ ...broadcastPair(want, ask)[1], dtype: 'bool' }, a, b] };
}

/** Bounds that quantizers care about: ends of the grid, numbers on it and off it, and the usual ones. */
function clip(want: Kind, ask: Ask): Plan | undefined {
  const { random, palette, opset } = ask;
  const isOld = opset < 11;
  if (want.dtype !== 'float32' && opset < 12) return undefined;
  const scale = Math.abs(usual(random, palette.scales, palette.variety));
  const side = (sign: number) =>
    Math.fround(
      random.pick([
        sign > 0 ? 6 : 0,
        sign > 0 ? 1 : -1,
        sign * 127 * scale,
        sign * (sign > 0 ? 255 : 128) * scale,
        sign * (1 + random.below(20)) * scale,
        sign * (1 + random.below(20)) * scale,
        sign * (random.below(20) + 0.5) * scale,
        sign * 1e6,
      ]),
    );
  const said = () => (ask.literals.length > 0 && chance(random, 0.3) ? random.pick(ask.literals) : undefined);
  const ends = [side(random.pick([-1, 1])), side(random.pick([-1, 1]))].sort((a, b) => a - b);
  // The upper bound wins where it is below the lower one.
  if (chance(random, 0.15)) ends.reverse();
  const [low, high] = chance(random, 0.3)
    ? (ends as [number, number])
    : [said() ?? side(-1), said() ?? side(1)];
  if (isOld) return { inputs: [want], attributes: { min: low, max: high } };
  const bound = (value: number): Want => ({ dtype: want.dtype, dims: [], values: [value] });
  return {
    inputs: [want, ask.takes(1) ? bound(low) : undefined, ask.takes(2) ? bound(high) : undefined],
  };
}

function cast(want: Kind, ask: Ask): Plan {
  const from: readonly DataType[] = ask.likes(0) ?? [
    'float32',
    'float32',
    'int32',
    'int64',
    'float64',
    'float16',
    'bool',
    'uint8',
    'int8',
  ];
  return {
    inputs: [{ ...want, dtype: drawType(ask, from) }],
    attributes: { to: dataTypeToCode(want.dtype) },
  };
}

function castLike(want: Kind, ask: Ask): Plan {
  const from: readonly DataType[] = ask.likes(0) ?? ['float32', 'int32', 'int64'];
  return {
    inputs: [
      { ...want, dtype: drawType(ask, from) },
      { dtype: want.dtype, dims: [] },
    ],
  };
}

function dropout(want: Kind, ask: Ask): Plan {
  const mask: Kind = { dtype: 'bool', dims: want.dims };
  // Around other rules, a node that draws random numbers would make them look wrong.
  const isTraining = ask.isNamed && chance(ask.random, 0.3);
  return {
    inputs: [
      want,
      ask.takes(1)
        ? { dtype: 'float32', dims: [], values: [ask.random.pick([0.5, 0.5, 0, 0.25])] }
        : undefined,
      ask.takes(2) ? { dtype: 'bool', dims: [], values: [isTraining ? 1 : 0] } : undefined,
    ],
    outputs: [want, mask],
  };
}

function cumSum(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length === 0) return undefined;
  const { random } = ask;
  return {
    inputs: [want, { dtype: 'int64', dims: [], values: [random.below(want.dims.length)] }],
    attributes: {
      exclusive: fixedOr(ask, 'exclusive', () => random.below(2)),
      reverse: fixedOr(ask, 'reverse', () => random.below(2)),
    },
  };
}
