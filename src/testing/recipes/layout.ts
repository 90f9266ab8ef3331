import { type DataType, tensor } from '../../ir/index.ts';
import { chance, type Kind } from '../elements.ts';
import {
  type Ask,
  drawDims,
  drawLength,
  fixedOr,
  indicesOf,
  int64s,
  numbers,
  type Plan,
  permutation,
  product,
  type RecipeEntry,
  spellAxis,
  type Want,
} from '../recipe.ts';

const anything: readonly DataType[] = [...numbers, 'int8', 'uint8', 'bool'];

/** Operators that move, repeat and drop elements. */
export const layout: readonly (readonly [string, RecipeEntry])[] = [
  ['Reshape', { recipe: reshape, gives: anything, since: 5, weight: 2 }],
  ['Transpose', { recipe: transpose, gives: anything, weight: 2 }],
  ['Flatten', { recipe: flatten, gives: anything, since: 9, dims: (random) => drawDims(random, 2, 2) }],
  ['Squeeze', { recipe: squeeze, gives: anything, dims: (random) => drawDims(random, 0, 3) }],
  ['Unsqueeze', { recipe: unsqueeze, gives: anything, dims: unitDims }],
  ['Slice', { recipe: slice, gives: anything, dims: (random) => drawDims(random, 1, 4), weight: 2 }],
  ['Split', { recipe: split, gives: anything, dims: (random) => drawDims(random, 1, 4), outputs: 1 }],
  ['Concat', { recipe: concat, gives: anything, since: 4, dims: concatDims, weight: 2 }],
  ['Gather', { recipe: gather, gives: anything }],
  [
    'GatherElements',
    {
      recipe: gatherElements,
      gives: anything,
      since: 11,
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.3,
    },
  ],
  ['GatherND', { recipe: gatherND, gives: anything, since: 12, weight: 0.3 }],
  [
    'ScatterElements',
    {
      recipe: scatterElements,
      gives: anything,
      since: 11,
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.3,
    },
  ],
  [
    'ScatterND',
    { recipe: scatterND, gives: anything, since: 11, dims: (random) => drawDims(random, 1, 3), weight: 0.3 },
  ],
  ['Tile', { recipe: tile, gives: anything, since: 6, dims: (random) => drawDims(random, 1, 3) }],
  ['Expand', { recipe: expand, gives: anything, since: 8 }],
  [
    'DepthToSpace',
    {
      recipe: depthToSpace,
      gives: ['float32', 'int8'],
      since: 11,
      dims: (random) => [1, 1 + random.below(2), 2, 2],
      weight: 0.3,
    },
  ],
  [
    'SpaceToDepth',
    {
      recipe: spaceToDepth,
      gives: ['float32', 'int8'],
      dims: (random) => [1, 4, 1 + random.below(2), 1],
      weight: 0.3,
    },
  ],
  [
    'Pad',
    {
      recipe: pad,
      gives: ['float32', 'float32', 'int32', 'int8', 'uint8'],
      dims: (random) => drawDims(random, 1, 4),
      weight: 2,
    },
  ],
  ['Resize', { recipe: resize, gives: ['float32'], since: 11, dims: imageDims }],
  ['Upsample', { recipe: upsample, gives: ['float32'], since: 9, until: 9, dims: imageDims }],
  [
    'Trilu',
    { recipe: trilu, gives: numbers, since: 14, dims: (random) => drawDims(random, 2, 3), weight: 0.3 },
  ],
  [
    'ReverseSequence',
    {
      recipe: reverseSequence,
      gives: ['float32', 'int32'],
      since: 10,
      dims: (random) => drawDims(random, 2, 3),
      weight: 0.2,
    },
  ],
  [
    'TopK',
    {
      recipe: topK,
      gives: ['float32'],
      since: 11,
      dims: (random) => drawDims(random, 1, 3),
      outputs: 1,
      weight: 0.3,
    },
  ],
  ['Shape', { recipe: shape, gives: ['int64'], dims: (random) => [1 + random.below(3)], weight: 0.3 }],
  ['Size', { recipe: size, gives: ['int64'], dims: () => [], weight: 0.1 }],
  [
    'OneHot',
    {
      recipe: oneHot,
      gives: ['float32', 'int32'],
      since: 11,
      dims: (random) => drawDims(random, 1, 3),
      weight: 0.2,
    },
  ],
  ['ConstantOfShape', { recipe: constantOfShape, gives: ['float32'], since: 9, weight: 0.2 }],
  [
    'EyeLike',
    { recipe: eyeLike, gives: ['float32'], since: 9, dims: (random) => drawDims(random, 2, 2), weight: 0.1 },
  ],
];

function unitDims(random: Ask['random']): number[] {
  const dims = drawDims(random, 1, 4);
  dims[random.below(dims.length)] = 1;
  return dims;
}

function concatDims(random: Ask['random']): number[] {
  const dims = drawDims(random, 1, 4);
  const axis = random.below(dims.length);
  dims[axis] = 2 + random.below(3);
  return dims;
}

export function imageDims(random: Ask['random']): number[] {
  return [1, 1 + random.below(3), 1 + random.below(4), 1 + random.below(4)];
}

function reshape(want: Kind, ask: Ask): Plan {
  const { random } = ask;
  const isEmpty = product(want.dims) === 0;
  // A length of zero copies that of the input.
  const kept = isEmpty || !chance(random, 0.35) ? 0 : random.below(want.dims.length + 1);
  const rest = want.dims.slice(kept);
  const from = [
    ...want.dims.slice(0, kept),
    ...(kept > 0 && rest.length === 0 ? [] : refactor(product(rest), random)),
  ];
  const target = want.dims.map((length, i) => (i < kept && chance(random, 0.7) ? 0 : length));
  if (target.length > 0 && chance(random, 0.2) && !isEmpty) target[random.below(target.length)] = -1;
  const takesZeros = ask.opset >= 14 && kept === 0 && !target.includes(-1) && chance(random, 0.1);
  return {
    inputs: [{ ...want, dims: from }, int64s(target)],
    attributes: takesZeros ? { allowzero: 1 } : {},
  };
}

/** Other dims of as many elements. */
function refactor(count: number, random: Ask['random']): number[] {
  const dims: number[] = [];
  let left = count;
  for (let i = 0; i < 3 && left > 1; i++) {
    const factors = [1, 2, 3, 4, 6].filter((factor) => left % factor === 0);
    const factor = random.pick(factors);
    dims.push(factor);
    left /= factor;
  }
  return left === 1 && dims.length > 0 && chance(random, 0.6) ? dims : [...dims, left];
}

function transpose(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  const rank = want.dims.length;
  const isReversed = chance(random, 0.15) && !ask.fixed.has('perm');
  const perm = isReversed
    ? Array.from({ length: rank }, (_, i) => rank - 1 - i)
    : fixedOr(ask, 'perm', () => permutation(random, rank));
  if (!Array.isArray(perm) || perm.length !== rank) return undefined;
  const dims = new Array<number>(rank).fill(1);
  perm.forEach((axis, i) => {
    dims[axis] = want.dims[i]!;
  });
  return { inputs: [{ ...want, dims }], attributes: isReversed ? {} : { perm } };
}

function flatten(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length !== 2) return undefined;
  const { random } = ask;
  const [front, back] = [refactor(want.dims[0]!, random), refactor(want.dims[1]!, random)];
  const axis = fixedOr(ask, 'axis', () => front.length);
  if (axis !== front.length) return undefined;
  return { inputs: [{ ...want, dims: [...front, ...back] }], attributes: axis === 1 ? {} : { axis } };
}

function squeeze(want: Kind, ask: Ask): Plan {
  const { random } = ask;
  const dims = [...want.dims];
  const axis = random.below(dims.length + 1);
  dims.splice(axis, 0, 1);
  const named = spellAxis(random, axis, dims.length);
  if (ask.opset < 13) return { inputs: [{ ...want, dims }], attributes: { axes: [axis] } };
  if (!ask.takes(1) && !want.dims.includes(1)) return { inputs: [{ ...want, dims }] };
  return { inputs: [{ ...want, dims }, int64s([named])] };
}

function unsqueeze(want: Kind, ask: Ask): Plan | undefined {
  const ones = want.dims.flatMap((length, i) => (length === 1 ? [i] : []));
  if (ones.length === 0) return undefined;
  const axis = ask.random.pick(ones);
  const dims = want.dims.filter((_, i) => i !== axis);
  if (ask.opset < 13) return { inputs: [{ ...want, dims }], attributes: { axes: [axis] } };
  return { inputs: [{ ...want, dims }, int64s([spellAxis(ask.random, axis, want.dims.length)])] };
}

function slice(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  const rank = want.dims.length;
  if (rank === 0) return undefined;
  const count = random.below(3) === 0 ? Math.min(2, rank) : 1;
  const axes = permutation(random, rank).slice(0, count);
  const dims = [...want.dims];
  const [starts, ends, steps]: [number[], number[], number[]] = [[], [], []];
  for (const axis of axes) {
    const step = ask.opset < 10 || !ask.takes(4) ? 1 : random.pick([1, 1, 2, -1]);
    const length = want.dims[axis]!;
    const from = random.below(2);
    const span = length === 0 ? 0 : (length - 1) * Math.abs(step) + 1;
    const all = from + span + random.below(2);
    dims[axis] = all;
    if (step > 0) {
      starts.push(chance(random, 0.2) ? from - all : from);
      ends.push(from + span === all && chance(random, 0.4) ? 2 ** 31 - 1 : from + span);
    } else {
      starts.push(from + span - 1);
      ends.push(from === 0 ? -1 - all : from - 1);
    }
    steps.push(step);
  }
  if (ask.opset < 10) return { inputs: [{ ...want, dims }], attributes: { starts, ends, axes } };
  const takesAxes = ask.takes(3);
  if (!takesAxes && !axes.every((axis, i) => axis === i)) return undefined;
  return {
    inputs: [
      { ...want, dims },
      int64s(starts),
      int64s(ends),
      takesAxes ? int64s(axes.map((axis) => spellAxis(random, axis, rank))) : undefined,
      ask.takes(4) && (takesAxes || ask.opset >= 10) ? int64s(steps) : undefined,
    ],
  };
}

function split(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  if (want.dims.length === 0) return undefined;
  const axis = fixedOr(ask, 'axis', () =>
    spellAxis(random, random.below(want.dims.length), want.dims.length),
  );
  const at = axis < 0 ? axis + want.dims.length : axis;
  const length = want.dims[at];
  if (length === undefined || length === 0) return undefined;
  const count = 1 + random.below(3) + (chance(random, 0.5) ? 1 : 0);
  const takesSplit = ask.opset >= 13 ? ask.takes(1) : chance(random, 0.4);
  const lengths = Array.from({ length: count }, (_, i) =>
    i === 0 || !takesSplit || chance(random, 0.5) ? length : drawLength(random),
  );
  const outputs = lengths.map((part) => ({ ...want, dims: want.dims.map((d, i) => (i === at ? part : d)) }));
  const dims = want.dims.map((d, i) => (i === at ? lengths.reduce((a, b) => a + b, 0) : d));
  if (ask.opset < 13)
    return {
      inputs: [{ ...want, dims }],
      attributes: { axis, ...(takesSplit ? { split: lengths } : {}) },
      outputs,
    };
  const parts = ask.opset >= 18 && !takesSplit ? { num_outputs: count } : {};
  return {
    inputs: [{ ...want, dims }, takesSplit ? int64s(lengths) : undefined],
    attributes: { axis, ...parts },
    outputs,
  };
}

function concat(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  const rank = want.dims.length;
  if (rank === 0) return undefined;
  const roomy = want.dims.flatMap((length, i) => (length >= ask.count ? [i] : []));
  const axis = fixedOr(ask, 'axis', () =>
    spellAxis(random, roomy.length > 0 ? random.pick(roomy) : random.below(rank), rank),
  );
  const at = axis < 0 ? axis + rank : axis;
  const whole = want.dims[at];
  if (whole === undefined || whole < ask.count) return undefined;
  let left = whole;
  const lengths = Array.from({ length: ask.count }, (_, i) => {
    const rest = ask.count - 1 - i;
    const part = rest === 0 ? left : 1 + random.below(left - rest);
    left -= part;
    return part;
  });
  return {
    inputs: lengths.map((part) => ({ ...want, dims: want.dims.map((d, i) => (i === at ? part : d)) })),
    attributes: { axis },
  };
}

function gather(want: Kind, ask: Ask): Plan {
  const { random } = ask;
  const rank = want.dims.length;
  const axis = random.below(rank + 1);
  const indexRank = random.below(rank - axis + 1);
  const indexDims = want.dims.slice(axis, axis + indexRank);
  const length = 1 + random.below(3);
  const dims = [...want.dims.slice(0, axis), length, ...want.dims.slice(axis + indexRank)];
  const indices = indicesOf(length, indexDims, random);
  return {
    inputs: [{ ...want, dims }, ask.opset < 11 ? { ...indices, from: 0 } : indices],
    attributes: { axis: spellAxis(random, axis, dims.length) },
  };
}

function gatherElements(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  if (want.dims.length === 0) return undefined;
  const axis = random.below(want.dims.length);
  const length = 1 + random.below(3);
  return {
    inputs: [
      { ...want, dims: want.dims.map((d, i) => (i === axis ? length : d)) },
      indicesOf(length, want.dims, random),
    ],
    attributes: { axis },
  };
}

function gatherND(want: Kind, ask: Ask): Plan {
  const { random } = ask;
  const split = random.below(want.dims.length + 1);
  const length = 1 + random.below(3);
  return {
    inputs: [
      { ...want, dims: [length, ...want.dims.slice(split)] },
      indicesOf(length, [...want.dims.slice(0, split), 1], random),
    ],
  };
}

function scatterElements(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  if (want.dims.length === 0 || want.dims.includes(0)) return undefined;
  const axis = random.below(want.dims.length);
  const picked = want.dims.map((d, i) => (i === axis ? 1 : d));
  return {
    inputs: [want, indicesOf(want.dims[axis]!, picked, random), { ...want, dims: picked }],
    attributes: { axis },
  };
}

function scatterND(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length === 0 || want.dims.includes(0)) return undefined;
  const index = ask.random.below(want.dims[0]!);
  return {
    inputs: [
      want,
      { dtype: 'int64', dims: [1, 1], values: [index] },
      { ...want, dims: [1, ...want.dims.slice(1)] },
    ],
  };
}

function tile(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length === 0) return undefined;
  const repeats = want.dims.map((d) => (d % 2 === 0 && d > 0 && chance(ask.random, 0.5) ? 2 : 1));
  return { inputs: [{ ...want, dims: want.dims.map((d, i) => d / repeats[i]!) }, int64s(repeats)] };
}

function expand(want: Kind, ask: Ask): Plan {
  const dims = want.dims.map((d) => (chance(ask.random, 0.5) ? 1 : d));
  return { inputs: [{ ...want, dims }, int64s(want.dims)] };
}

function depthToSpace(want: Kind, ask: Ask): Plan | undefined {
  const [n, c, h, w] = want.dims as [number, number, number, number];
  if (want.dims.length !== 4 || h % 2 !== 0 || w % 2 !== 0) return undefined;
  return {
    inputs: [{ ...want, dims: [n, 4 * c, h / 2, w / 2] }],
    attributes: { blocksize: 2, mode: fixedOr(ask, 'mode', () => ask.random.pick(['DCR', 'CRD'])) },
  };
}

function spaceToDepth(want: Kind): Plan | undefined {
  const [n, c, h, w] = want.dims as [number, number, number, number];
  if (want.dims.length !== 4 || c % 4 !== 0) return undefined;
  return { inputs: [{ ...want, dims: [n, c / 4, 2 * h, 2 * w] }], attributes: { blocksize: 2 } };
}

/** Pads that grow and pads that crop; constants on the grid and off it. */
function pad(want: Kind, ask: Ask): Plan | undefined {
  const { random, opset } = ask;
  const rank = want.dims.length;
  if (rank === 0) return undefined;
  const mode = fixedOr(ask, 'mode', () =>
    random.pick(['constant', 'constant', 'constant', 'edge', 'reflect']),
  );
  const pads = new Array<number>(2 * rank).fill(0);
  const dims = [...want.dims];
  const isImage = rank === 4 && chance(random, 0.6);
  for (let axis = isImage ? 2 : 0; axis < rank; axis++) {
    for (const end of [axis, axis + rank]) {
      if (!chance(random, 0.5)) continue;
      const amount = dims[axis]! > 1 ? random.pick([1, 1, 1, -1]) : random.pick([-1, 0, 0]);
      pads[end] = amount;
      dims[axis] = dims[axis]! - amount;
    }
    if (mode === 'reflect' && dims[axis]! < 2) return undefined;
    if (dims[axis]! < 1) return undefined;
  }
  const input = { ...want, dims };
  if (opset < 11) {
    const value = chance(random, 0.5) ? { value: random.pick([0.3, 1.5, -2.25]) } : {};
    return want.dtype === 'float32' ? { inputs: [input], attributes: { mode, pads, ...value } } : undefined;
  }
  const takesAxes = opset >= 18 && ask.takes(3);
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => pads[i] !== 0 || pads[i + rank] !== 0);
  const named = takesAxes && axes.length > 0;
  return {
    inputs: [
      input,
      int64s(named ? [...axes.map((i) => pads[i]!), ...axes.map((i) => pads[i + rank]!)] : pads),
      ask.takes(2) ? { dtype: want.dtype, dims: [] } : undefined,
      named ? int64s(axes.map((axis) => spellAxis(random, axis, rank))) : undefined,
    ],
    attributes: mode === 'constant' && chance(random, 0.5) ? {} : { mode },
  };
}

const empty: Want = { dtype: 'float32', dims: [0], values: [] };

function resize(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  if (want.dims.length === 0 || want.dims.includes(0)) return undefined;
  const mode = fixedOr(ask, 'mode', () => random.pick(['nearest', 'linear', 'nearest']));
  const scales = want.dims.map((d, i) => {
    if (i < want.dims.length - 2 || !chance(random, 0.7)) return 1;
    if (chance(random, 0.15)) return 0.5;
    return d % 2 === 0 ? 2 : d % 3 === 0 ? 3 : 1;
  });
  if (mode === 'cubic' && want.dims.length !== 4) return undefined;
  const dims = want.dims.map((d, i) => d / scales[i]!);
  const place = fixedOr(ask, 'coordinate_transformation_mode', () =>
    random.pick(['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel']),
  );
  const nearest = fixedOr(ask, 'nearest_mode', () =>
    random.pick(['round_prefer_floor', 'floor', 'round_prefer_ceil', 'ceil']),
  );
  const bySizes = ask.takes(3) && (!ask.takes(2) || chance(random, 0.5));
  if (!bySizes && !ask.takes(2)) return undefined;
  return {
    inputs: [
      { ...want, dims },
      ask.opset < 13 || (ask.takes(1) && chance(random, 0.5)) ? empty : undefined,
      bySizes
        ? ask.opset < 13
          ? empty
          : undefined
        : { dtype: 'float32', dims: [scales.length], values: scales },
      bySizes ? int64s(want.dims) : undefined,
    ],
    attributes: {
      mode,
      coordinate_transformation_mode: place,
      ...(mode === 'nearest' ? { nearest_mode: nearest } : {}),
    },
  };
}

function upsample(want: Kind, ask: Ask): Plan | undefined {
  const scales = want.dims.map((d, i) => (i >= 2 && d % 2 === 0 && chance(ask.random, 0.7) ? 2 : 1));
  return {
    inputs: [
      { ...want, dims: want.dims.map((d, i) => d / scales[i]!) },
      { dtype: 'float32', dims: [scales.length], values: scales },
    ],
    attributes: { mode: fixedOr(ask, 'mode', () => ask.random.pick(['nearest', 'linear'])) },
  };
}

function trilu(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length < 2) return undefined;
  return {
    inputs: [
      want,
      ask.takes(1) ? { dtype: 'int64', dims: [], values: [ask.random.below(3) - 1] } : undefined,
    ],
    attributes: { upper: fixedOr(ask, 'upper', () => ask.random.below(2)) },
  };
}

function reverseSequence(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length < 2 || want.dims.includes(0)) return undefined;
  const [time, batch] = [want.dims[0]!, want.dims[1]!];
  const lengths = Array.from({ length: batch }, () => 1 + ask.random.below(time));
  return { inputs: [want, int64s(lengths)] };
}

function topK(want: Kind, ask: Ask): Plan | undefined {
  const rank = want.dims.length;
  if (rank === 0) return undefined;
  const { random } = ask;
  const axis = random.below(3) === 0 ? random.below(rank) : rank - 1;
  const k = want.dims[axis]!;
  const dims = want.dims.map((length, i) => (i === axis ? k + random.below(3) : length));
  return {
    inputs: [{ ...want, dims }, int64s([k])],
    attributes: {
      ...(axis === rank - 1 && chance(random, 0.5) ? {} : { axis: spellAxis(random, axis, rank) }),
      largest: fixedOr(ask, 'largest', () => random.below(2)),
    },
    outputs: [want, { dtype: 'int64', dims: want.dims }],
  };
}

function shape(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length !== 1) return undefined;
  const { random, opset } = ask;
  const count = want.dims[0]!;
  const [before, behind] = opset >= 15 && chance(random, 0.4) ? [random.below(2), random.below(2)] : [0, 0];
  const rank = before + count + behind;
  return {
    inputs: [{ dtype: ask.likes(0)?.[0] ?? 'float32', dims: drawDims(random, rank, rank) }],
    attributes: {
      ...(before > 0 ? { start: spellAxis(random, before, rank) } : {}),
      ...(behind > 0 ? { end: spellAxis(random, before + count, rank) } : {}),
    },
  };
}

function size(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length !== 0) return undefined;
  return { inputs: [{ dtype: ask.likes(0)?.[0] ?? 'float32', dims: drawDims(ask.random) }] };
}

function oneHot(want: Kind): Plan | undefined {
  const depth = want.dims.at(-1);
  if (depth === undefined || depth === 0) return undefined;
  return {
    inputs: [
      { dtype: 'int64', dims: want.dims.slice(0, -1), below: depth },
      { dtype: 'int64', dims: [], values: [depth] },
      { dtype: want.dtype, dims: [2] },
    ],
  };
}

function constantOfShape(want: Kind, { random }: Ask): Plan {
  const value = tensor('float32', [1], [random.pick([1, -1, 0.5])]);
  return { inputs: [int64s(want.dims)], attributes: chance(random, 0.5) ? { value } : {} };
}

function eyeLike(want: Kind, { random }: Ask): Plan | undefined {
  const attributes = chance(random, 0.4) ? { k: random.pick([1, -1]) } : {};
  return want.dims.length === 2 ? { inputs: [want], attributes } : undefined;
}

/** A constant of a scalar, for operators that want one. */
export function scalarWant(dtype: DataType, value: number): Want {
  return { dtype, dims: [], values: [value] };
}
