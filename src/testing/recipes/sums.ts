import type { DataType } from '../../ir/index.ts';
import { chance, type Kind } from '../elements.ts';
import {
  type Ask,
  drawDims,
  drawLength,
  drawNumber,
  fixedOr,
  floats,
  int64s,
  numbers,
  type Plan,
  permutation,
  type RecipeEntry,
  spellAxis,
  type Want,
} from '../recipe.ts';

const reductions =
  'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp ReduceLogSum';

const equations: readonly string[] = [
  'ij,jk->ik',
  'ij,jk->ik',
  'ij,kj->ik',
  'ji,jk->ik',
  'ij,jk->ki',
  'ij,ij->ij',
];

/** Matrix products, reductions, normalizations, and random numbers. */
export const sums: readonly (readonly [string, RecipeEntry])[] = [
  [
    'MatMul',
    {
      recipe: matMul,
      gives: ['float32', 'float32', 'float64'],
      dims: (random) => (chance(random, 0.1) ? drawDims(random, 0, 1) : drawDims(random, 2, 3)),
      weight: 2,
    },
  ],
  [
    'Gemm',
    { recipe: gemm, gives: ['float32'], since: 11, dims: (random) => drawDims(random, 2, 2), weight: 2 },
  ],
  [
    'Einsum',
    { recipe: einsum, gives: ['float32'], since: 12, dims: (random) => drawDims(random, 2, 2), weight: 0.2 },
  ],
  ...reductions.split(' ').map((name): [string, RecipeEntry] => [
    name,
    {
      recipe: reduce,
      gives: name === 'ReduceMax' || name === 'ReduceSum' ? numbers : floats,
      dims: reducedDims,
      weight: 0.3,
    },
  ]),
  ...['ArgMax', 'ArgMin'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: argMax, gives: ['int64'], since: 12, weight: 0.3 },
  ]),
  ...['Softmax', 'LogSoftmax', 'Hardmax', 'LpNormalization'].map((name): [string, RecipeEntry] => [
    name,
    {
      recipe: alongAxis,
      gives: ['float32'],
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.4,
    },
  ]),
  [
    'BatchNormalization',
    {
      recipe: batchNorm,
      gives: ['float32'],
      since: 9,
      dims: (random) => [...drawDims(random, 1, 1), 1 + random.below(3), ...drawDims(random, 0, 2)],
      weight: 2,
    },
  ],
  [
    'InstanceNormalization',
    {
      recipe: instanceNorm,
      gives: ['float32'],
      since: 6,
      dims: (random) => [1, 2, 2, 2].map((d) => d + random.below(2) * 0),
      weight: 0.3,
    },
  ],
  [
    'LayerNormalization',
    {
      recipe: layerNorm,
      gives: ['float32'],
      since: 17,
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.5,
    },
  ],
  [
    'RMSNormalization',
    {
      recipe: layerNorm,
      gives: ['float32'],
      since: 23,
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.3,
    },
  ],
  [
    'GroupNormalization',
    {
      recipe: groupNorm,
      gives: ['float32'],
      since: 21,
      dims: (random) => [1, 2 * (1 + random.below(2)), 2],
      weight: 0.3,
    },
  ],
  [
    'LRN',
    {
      recipe: lrn,
      gives: ['float32'],
      since: 13,
      dims: (random) => [1, 1 + random.below(3), 2, 2],
      weight: 0.2,
    },
  ],
  [
    'MeanVarianceNormalization',
    {
      recipe: (want) => (want.dims.length === 4 ? { inputs: [want] } : undefined),
      gives: ['float32'],
      since: 13,
      dims: () => [1, 2, 2, 2],
      weight: 0.2,
    },
  ],
  ['RandomNormalLike', { recipe: randomLike, gives: ['float32'], weight: 0 }],
  ['RandomUniformLike', { recipe: randomLike, gives: ['float32'], weight: 0 }],
  [
    'Bernoulli',
    { recipe: (want) => ({ inputs: [{ ...want, role: 'unit' }] }), gives: ['float32'], since: 15, weight: 0 },
  ],
  ['RandomNormal', { recipe: random, gives: ['float32'], weight: 0 }],
  ['RandomUniform', { recipe: random, gives: ['float32'], weight: 0 }],
];

function matMul(want: Kind, ask: Ask): Plan | undefined {
  const rank = want.dims.length;
  const inner = drawLength(ask.random);
  // A matrix and a vector, or two vectors.
  if (rank < 2)
    return {
      inputs: [
        { ...want, dims: [...want.dims, inner] },
        { ...want, dims: [inner], role: 'small' },
      ],
    };
  const batch = want.dims.slice(0, -2);
  const b = chance(ask.random, 0.5) ? batch : [];
  return {
    inputs: [
      { ...want, dims: [...batch, want.dims.at(-2)!, inner] },
      { ...want, dims: [...b, inner, want.dims.at(-1)!], role: 'small' },
    ],
  };
}

function gemm(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  if (want.dims.length !== 2) return undefined;
  const [m, n] = want.dims as [number, number];
  const k = drawLength(random);
  const transA = fixedOr(ask, 'transA', () => (chance(random, 0.2) ? 1 : 0));
  const transB = fixedOr(ask, 'transB', () => random.below(2));
  const factor = () => random.pick([1, 1, 1, 0.5, 2]);
  const [alpha, beta] = [fixedOr(ask, 'alpha', factor), fixedOr(ask, 'beta', factor)];
  const bias = random.pick([[n], [n], [1], [m, n], [1, n], [m, 1], []]);
  return {
    inputs: [
      { ...want, dims: transA ? [k, m] : [m, k] },
      { ...want, dims: transB ? [n, k] : [k, n], role: 'small' },
      ask.takes(2) ? { ...want, dims: bias } : undefined,
    ],
    attributes: {
      ...(transA ? { transA } : {}),
      ...(transB ? { transB } : {}),
      ...(alpha === 1 ? {} : { alpha }),
      ...(beta === 1 ? {} : { beta }),
    },
  };
}

function einsum(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length !== 2) return undefined;
  const { random } = ask;
  const equation = fixedOr(ask, 'equation', () => random.pick(equations));
  const [reads, gives] = equation.replaceAll(' ', '').split('->');
  const operands = reads?.split(',');
  if (operands?.length !== 2 || gives?.length !== 2 || gives[0] === gives[1]) return undefined;
  const lengths = new Map([...gives].map((letter, i) => [letter, want.dims[i]!]));
  const dimsOf = (letters: string) =>
    [...letters].map((letter) => {
      const length = lengths.get(letter) ?? drawLength(random);
      lengths.set(letter, length);
      return length;
    });
  return {
    inputs: operands.map((letters) => ({ ...want, dims: dimsOf(letters) })),
    attributes: { equation },
  };
}

/** The dims before a reduction, and the axes it goes along. */
function reduced(want: Kind, ask: Ask): { dims: number[]; axes: number[]; keepdims: number } | undefined {
  const { random } = ask;
  const ones = want.dims.flatMap((d, i) => (d === 1 ? [i] : []));
  const keepdims = fixedOr(ask, 'keepdims', () => (ones.length > 0 ? random.below(2) : 0)) as number;
  const isOne = ask.opType.startsWith('Arg');
  if (keepdims === 1) {
    if (ones.length === 0) return undefined;
    const axes = chance(random, 0.4) && !isOne ? ones.slice(-2) : [random.pick(ones)];
    return { dims: want.dims.map((d, i) => (axes.includes(i) ? 1 + random.below(3) : d)), axes, keepdims };
  }
  const count = want.dims.length < 3 && chance(random, 0.3) && !isOne ? 2 : 1;
  const rank = want.dims.length + count;
  const axes = permutation(random, rank).slice(0, count);
  const left = [...want.dims];
  const dims = Array.from({ length: rank }, (_, i) =>
    axes.includes(i) ? 1 + random.below(3) : left.shift()!,
  );
  return { dims, axes, keepdims };
}

/** Reductions of whole images give lengths of one. */
function reducedDims(random: Ask['random']): readonly number[] {
  if (chance(random, 0.3)) return [1 + random.below(2), 1 + random.below(3), 1, 1];
  const dims = drawDims(random, 0, 4);
  if (dims.length > 0 && chance(random, 0.4)) dims[random.below(dims.length)] = 1;
  return dims;
}

function reduce(want: Kind, ask: Ask): Plan | undefined {
  const plan = reduced(want, ask);
  if (plan === undefined) return undefined;
  const axes = plan.axes.map((axis) => spellAxis(ask.random, axis, plan.dims.length));
  const isInput = ask.opset >= 18 || (ask.opset >= 13 && ask.opType === 'ReduceSum');
  const input: Want = { ...want, dims: plan.dims };
  const keep = plan.keepdims === 1 && chance(ask.random, 0.5) ? {} : { keepdims: plan.keepdims };
  if (!isInput && chance(ask.random, 0.15)) return reduceAll(want, keep, ask);
  if (!isInput) return { inputs: [input], attributes: { axes, ...keep } };
  if (!ask.takes(1)) return reduceAll(want, keep, ask);
  return { inputs: [input, int64s(axes)], attributes: keep };
}

/** A reduction without axes: of all of them, or where it says so of none. */
function reduceAll(want: Kind, keep: Plan['attributes'], ask: Ask): Plan | undefined {
  const { random, opset, opType } = ask;
  const mayDoNothing = opset >= 18 || (opset >= 13 && opType === 'ReduceSum');
  const doesNothing =
    mayDoNothing && fixedOr(ask, 'noop_with_empty_axes', () => (chance(random, 0.25) ? 1 : 0)) === 1;
  if (doesNothing) return { inputs: [want], attributes: { ...keep, noop_with_empty_axes: 1 } };
  const isKept = keep?.keepdims !== 0;
  if (isKept ? want.dims.some((length) => length !== 1) : want.dims.length > 0) return undefined;
  const rank = isKept ? want.dims.length : random.below(4);
  return { inputs: [{ ...want, dims: drawDims(random, rank, rank) }], attributes: keep ?? {} };
}

function argMax(want: Kind, ask: Ask): Plan | undefined {
  const plan = reduced(want, ask);
  if (plan === undefined) return undefined;
  const dtype: DataType = ask.likes(0)?.[0] ?? 'float32';
  const last = chance(ask.random, 0.3) ? { select_last_index: 1 } : {};
  return {
    inputs: [{ dtype, dims: plan.dims }],
    attributes: { axis: plan.axes[0], keepdims: plan.keepdims, ...last },
  };
}

function alongAxis(want: Kind, ask: Ask): Plan | undefined {
  const rank = want.dims.length;
  if (rank === 0) return undefined;
  // Before opset 13 the axis is 1 unless said, and counted from the front before opset 11.
  const isOld = ask.opset < 13 && ask.opType !== 'LpNormalization';
  const axis = ask.random.below(rank);
  const named = ask.opset < 11 ? axis : spellAxis(ask.random, axis, rank);
  const mayOmit = !isOld || rank > 1;
  return { inputs: [want], attributes: mayOmit && chance(ask.random, 0.5) ? {} : { axis: named } };
}

function batchNorm(want: Kind, ask: Ask): Plan | undefined {
  const channels = want.dims[1];
  if (channels === undefined) return undefined;
  const each: Want = { dtype: 'float32', dims: [channels], role: 'small' };
  const epsilon = chance(ask.random, 0.5) ? { epsilon: drawNumber(ask, [0.5, 0.25, 0.001, 0]) } : {};
  const all = (value: number): Want => ({ ...each, values: new Array<number>(channels).fill(value) });
  // Statistics that change nothing, but for epsilon.
  const statistics = chance(ask.random, 0.08)
    ? [all(1), all(0), all(0), all(1)]
    : [each, each, each, { ...each, role: 'positive' as const }];
  const isPositive = (epsilon.epsilon ?? 1) >= 0;
  return isPositive ? { inputs: [want, ...statistics], attributes: epsilon } : undefined;
}

function instanceNorm(want: Kind): Plan | undefined {
  const channels = want.dims[1];
  if (channels === undefined || want.dims.length < 3) return undefined;
  const each: Want = { dtype: 'float32', dims: [channels], role: 'small' };
  return { inputs: [want, each, each] };
}

function layerNorm(want: Kind, ask: Ask): Plan | undefined {
  const width = want.dims.at(-1);
  if (width === undefined) return undefined;
  const each: Want = { dtype: 'float32', dims: [width], role: 'small' };
  const takesBias = ask.opType === 'LayerNormalization' && ask.takes(2);
  const epsilon = chance(ask.random, 0.4) ? { epsilon: ask.random.pick([0.5, 0.001]) } : {};
  return { inputs: [want, each, takesBias ? each : undefined], attributes: epsilon };
}

function groupNorm(want: Kind): Plan | undefined {
  const channels = want.dims[1];
  if (channels === undefined || channels % 2 !== 0) return undefined;
  const each: Want = { dtype: 'float32', dims: [channels], role: 'small' };
  return { inputs: [want, each, each], attributes: { num_groups: 2 } };
}

function lrn(want: Kind): Plan | undefined {
  return want.dims.length === 4 ? { inputs: [want], attributes: { size: 3 } } : undefined;
}

function randomLike(want: Kind, ask: Ask): Plan {
  return { inputs: [want], attributes: chance(ask.random, 0.3) ? { seed: ask.random.below(5) } : {} };
}

function random(want: Kind, ask: Ask): Plan {
  return {
    inputs: [],
    attributes: { shape: want.dims, ...(chance(ask.random, 0.3) ? { seed: ask.random.below(5) } : {}) },
  };
}
