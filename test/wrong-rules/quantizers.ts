import { tensor } from '../../src/ir/index.ts';
import {
  any,
  anyOf,
  type Constant,
  constant,
  each,
  type NodeMatch,
  op,
  optional,
  quantizePair,
  type Value,
} from '../../src/pattern/index.ts';
import { type Builder, rule } from '../../src/rewrite/index.ts';
import {
  collapseRepeatedQdq,
  dropEnforcedBounds,
  quantizeAfterClip,
  quantizeAfterRelu,
  quantizeAroundMaxPool,
  quantizeBeforeConcat,
  quantizeBeforeCopy,
  quantizeBeforePad,
  quantizeBeforeResize,
} from '../../src/rules/index.ts';
import type { Exhibit } from './exhibit.ts';

interface Pair {
  readonly scale: Constant;
  readonly zero: Constant | undefined;
  readonly quantize: NodeMatch<'QuantizeLinear'>;
  readonly dequantize: NodeMatch<'DequantizeLinear'>;
}

/** The pair around another value, whatever that does to its axis. */
function pairAround(build: Builder, { scale, zero, quantize, dequantize }: Pair, x: Value): Value {
  return build.copy(dequantize, [build.copy(quantize, [x, scale, zero]), scale, zero]);
}

/** f → Q → DQ ⇒ Q → DQ → f, for an f that does not go along with it. */
function swapWith<const Op extends string>(name: string, ...operators: readonly Op[]) {
  return rule({
    name,
    match: quantizePair(
      anyOf(operators, any('x'), optional(any('b')), optional(any('c')), optional(any('d'))).as('f'),
    ),
    rewrite({ x, f, ...pair }, build) {
      const [, ...rest] = f.inputs;
      return build.copy(f, [pairAround(build, pair, x), ...rest]);
    },
  });
}

const swapWithAdd = rule({
  name: 'swap-with-add',
  match: quantizePair(op.Add(any('a'), any('b')).as('add')),
  rewrite: ({ a, b, add, ...pair }, build) =>
    build.copy(add, [pairAround(build, pair, a), pairAround(build, pair, b)]),
});

const swapWithLeakyRelu = rule({
  name: 'swap-with-leaky-relu',
  match: op.LeakyRelu(quantizePair(any('x'))).as('leaky'),
  rewrite: ({ x, leaky, ...pair }, build) => pairAround(build, pair, build.copy(leaky, [x])),
});

const linearResize = rule({
  name: 'swap-with-linear-resize',
  match: quantizePair(
    op.Resize(any('x'), optional(any('roi')), optional(any('scales')), optional(any('sizes'))).as('resize'),
  ),
  unless: ({ resize }) => resize.attributes.mode !== 'linear' && 'not linear',
  rewrite({ x, resize, ...pair }, build) {
    const [, ...rest] = resize.inputs;
    return build.copy(resize, [pairAround(build, pair, x), ...rest]);
  },
});

const negativeScale = rule({
  name: 'max-pool-with-any-scale',
  match: op.MaxPool(quantizePair(any('x'))).as('pool'),
  unless: ({ scale, pool }) =>
    (scale.dims.length > 0 && 'several scales') || (pool.outputs[1] !== undefined && 'indices'),
  rewrite: ({ x, pool, ...pair }, build) => pairAround(build, pair, build.copy(pool, [x])),
});

const padOffGrid = rule({
  name: 'pad-with-anything',
  match: quantizePair(
    op.Pad(any('x'), any('pads'), optional(constant('value')), optional(any('axes'))).as('pad'),
  ),
  unless: ({ scale }) => scale.dims.length > 0 && 'several scales',
  rewrite: ({ x, pad, pads, value, axes, ...pair }, build) =>
    build.copy(pad, [pairAround(build, pair, x), pads, value, axes]),
});

/** DQ → Pad(0) ⇒ Pad(fill) → DQ */
function padCodes(name: string, fillsWithZeroPoint: boolean) {
  return rule({
    name,
    match: op
      .Pad(
        op.DequantizeLinear(any('codes'), constant('scale'), constant('zero')).as('dequantize'),
        any('pads'),
      )
      .opset(13)
      .as('pad'),
    unless: ({ pad, scale, codes }) =>
      (pad.attributes.mode !== 'constant' && 'copies elements') ||
      (scale.dims.length > 0 && 'several scales') ||
      (codes.dtype !== 'int8' && codes.dtype !== 'uint8' && 'other codes') ||
      (!scale.numbers().every((s) => s > 0) && 'gives a negative zero'),
    rewrite({ codes, scale, zero, pads, pad, dequantize }, build) {
      const fill = fillsWithZeroPoint ? zero : build.constant(tensor(zero.dtype, [], [0]));
      return build.copy(dequantize, [build.copy(pad, [codes, pads, fill]), scale, zero]);
    },
  });
}

const clipOffGrid = rule({
  name: 'clip-with-any-bounds',
  match: op.Clip(quantizePair(any('x')), constant('low'), constant('high')).as('clip'),
  unless: ({ scale }) => (scale.dims.length > 0 || scale.numbers()[0]! <= 0) && 'not one positive scale',
  rewrite: ({ x, clip, low, high, ...pair }, build) =>
    pairAround(build, pair, build.copy(clip, [x, low, high])),
});

/** Concat of dequantized parts ⇒ dequantized Concat. */
function concatCodes(name: string, checksScales: boolean) {
  return rule({
    name,
    match: op
      .Concat(
        op.DequantizeLinear(any('a'), constant('s'), constant('z')).as('first'),
        op
          .DequantizeLinear(any('b'), constant(checksScales ? 's' : 't'), constant(checksScales ? 'z' : 'y'))
          .as('second'),
      )
      .as('concat'),
    unless: ({ a, b, s }) => (a.dtype !== b.dtype && 'two types') || (s.dims.length > 0 && 'several scales'),
    rewrite: ({ a, b, s, z, first, concat }, build) => build.copy(first, [build.copy(concat, [a, b]), s, z]),
  });
}

const axisStays = rule({
  name: 'axis-stays-across-transpose',
  match: quantizePair(op.Transpose(any('x')).as('transpose')),
  rewrite: ({ x, transpose, ...pair }, build) => build.copy(transpose, [pairAround(build, pair, x)]),
});

const axisAcrossReshape = rule({
  name: 'axis-across-reshape',
  match: quantizePair(op.Reshape(any('x'), any('shape')).as('reshape')),
  unless: ({ x, reshape, scale }) =>
    x.rank !== reshape.output.rank || scale.dims.length === 0 ? 'another matter' : false,
  rewrite: ({ x, shape, reshape, ...pair }, build) =>
    build.copy(reshape, [pairAround(build, pair, x), shape]),
});

const collapseDifferent = rule({
  name: 'collapse-different-pairs',
  match: quantizePair(quantizePair(any('x'), '1'), '2'),
  unless: ({ scale1, scale2 }) => scale1.dims.length !== scale2.dims.length && 'other granularity',
  rewrite: ({ x, scale2, zero2, quantize2, dequantize2 }, build) =>
    pairAround(build, { scale: scale2, zero: zero2, quantize: quantize2, dequantize: dequantize2 }, x),
});

/** int8 codes with zero point z ⇒ uint8 codes with zero point z + shift. */
function toUnsigned(name: string, shift: number) {
  return rule({
    name,
    match: quantizePair(any('x')),
    unless: ({ zero, scale }) =>
      (zero?.dtype !== 'int8' && 'not int8') || (scale.dims.length > 0 && 'several scales'),
    rewrite({ x, zero, ...pair }, build) {
      const moved = Math.min(255, zero!.numbers()[0]! + shift);
      return pairAround(build, { ...pair, zero: build.constant(tensor('uint8', [], [moved])) }, x);
    },
  });
}

const reluDropped = rule({
  name: 'relu-always-dropped',
  match: op.QuantizeLinear(op.Relu(any('x')), constant('scale'), constant('zero')).as('quantize'),
  unless: ({ x, scale }) =>
    (x.dtype !== 'float32' && 'not float') || (scale.numbers().some((s) => s <= 0) && 'turned around'),
  rewrite: ({ x, scale, zero, quantize }, build) => build.copy(quantize, [x, scale, zero]),
});

const reluOnCodes = rule({
  name: 'relu-on-codes',
  match: op
    .Relu(op.DequantizeLinear(any('codes'), constant('scale'), constant('zero')).as('dequantize'))
    .opset(13),
  unless: ({ scale, codes }) =>
    (scale.dims.length > 0 && 'several scales') ||
    (codes.dtype !== 'int8' && 'not int8') ||
    (scale.numbers()[0]! < 0 && 'turned around'),
  rewrite: ({ codes, scale, zero, dequantize }, build) =>
    build.copy(dequantize, [build.Max(codes, build.constant(tensor('int8', [], [0]))), scale, zero]),
});

const reluAtZeroPoint = rule({
  name: 'relu-at-the-zero-point',
  match: op
    .Relu(op.DequantizeLinear(any('codes'), constant('scale'), constant('zero')).as('dequantize'))
    .opset(13),
  unless: ({ scale, codes }) =>
    (scale.dims.length > 0 && 'several scales') ||
    (codes.dtype !== 'int8' && 'not int8') ||
    (scale.numbers()[0]! < 0 && 'turned around'),
  rewrite: ({ codes, scale, zero, dequantize }, build) =>
    build.copy(dequantize, [build.Max(codes, zero), scale, zero]),
});

const signlessPair = rule({
  name: 'negate-codes',
  match: op.Neg(op.DequantizeLinear(any('codes'), constant('scale')).as('dequantize')),
  unless: ({ codes, scale }) =>
    (codes.dtype !== 'int32' && 'not int32') || (scale.dims.length > 0 && 'several scales'),
  rewrite: ({ codes, scale, dequantize }, build) => build.copy(dequantize, [build.Neg(codes), scale]),
});

const negatedScale = rule({
  name: 'negate-the-scale',
  match: op.Neg(op.DequantizeLinear(any('codes'), constant('scale')).as('dequantize')),
  unless: ({ codes, scale }) =>
    (codes.dtype !== 'int32' && 'not int32') || (scale.dims.length > 0 && 'several scales'),
  rewrite: ({ codes, scale, dequantize }, build) =>
    build.copy(dequantize, [codes, build.constant(tensor('float32', [], [-scale.numbers()[0]!]))]),
});

const concatFirst = rule({
  name: 'concat-codes-by-the-first-scale',
  match: op
    .Concat(
      each('parts', op.DequantizeLinear(any('codes'), constant('scale'), constant('zero')).as('dequantize')),
    )
    .as('concat'),
  unless: ({ parts }) =>
    (parts.some(({ scale }) => scale.size !== 1 || scale.dims.length > 1) && 'there are several scales') ||
    (parts.some(({ zero }) => zero.dtype !== parts[0]!.zero.dtype) && 'the codes are of two types'),
  rewrite: ({ parts, concat }, build) => {
    const [{ dequantize, scale, zero }] = parts as [(typeof parts)[number]];
    const joined = build.copy(
      concat,
      parts.map(({ codes }) => codes),
    );
    return build.copy(dequantize, [joined, scale, zero]);
  },
});

/** Quantizers moved where they do not belong. */
export const quantizerExhibits: readonly Exhibit[] = [
  {
    wrong: swapWith('swap-with-average-pool', 'AveragePool'),
    right: quantizeAroundMaxPool,
    forgets: 'the mean of rounded numbers is not the rounded mean',
  },
  {
    wrong: swapWithAdd,
    right: quantizeBeforeConcat,
    forgets: 'the sum of rounded numbers is not the rounded sum',
    breaks: ['outputs', 'valid'],
  },
  {
    wrong: swapWithLeakyRelu,
    right: quantizeAfterRelu,
    forgets: 'the grid is not closed under a slope',
  },
  { wrong: swapWith('swap-with-sigmoid', 'Sigmoid'), right: quantizeBeforeCopy, forgets: 'Sigmoid computes' },
  { wrong: linearResize, right: quantizeBeforeResize, forgets: 'linear interpolation computes' },
  { wrong: negativeScale, right: quantizeAroundMaxPool, forgets: 'a negative scale turns the order around' },
  { wrong: padOffGrid, right: quantizeBeforePad, forgets: 'the constant may be off the grid' },
  {
    wrong: padCodes('pad-codes-with-zero', false),
    right: padCodes('pad-codes-with-zero-point', true),
    forgets: 'zero is the code of the zero point',
  },
  { wrong: clipOffGrid, right: quantizeAfterClip, forgets: 'a bound may be off the grid' },
  {
    wrong: concatCodes('concat-any-scales', false),
    right: concatCodes('concat-equal-scales', true),
    forgets: 'scales may differ',
  },
  { wrong: concatFirst, right: quantizeBeforeConcat, forgets: 'each input has a scale of its own' },
  {
    wrong: axisStays,
    right: quantizeBeforeCopy,
    forgets: 'the axis moves with the transpose',
    breaks: ['outputs', 'valid', 'types'],
  },
  {
    wrong: axisAcrossReshape,
    right: quantizeBeforeCopy,
    forgets: 'a reshape cuts and merges the axis',
    breaks: ['outputs', 'valid', 'types'],
  },
  { wrong: collapseDifferent, right: collapseRepeatedQdq, forgets: 'two grids round twice' },
  {
    wrong: toUnsigned('to-unsigned-by-127', 127),
    right: toUnsigned('to-unsigned-by-128', 128),
    forgets: 'the distance from int8 to uint8 is 128',
  },
  { wrong: reluDropped, right: dropEnforcedBounds, forgets: 'only where the zero point is the lowest code' },
  { wrong: reluOnCodes, right: reluAtZeroPoint, forgets: 'zero is the code of the zero point' },
  {
    wrong: signlessPair,
    right: negatedScale,
    forgets: 'the smallest int32 has no opposite, and zero gets a sign',
  },
];
