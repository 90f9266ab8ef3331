import { tensor } from '../../../src/ir/index.ts';
import {
  any,
  type Constant,
  constant,
  each,
  op,
  optional,
  quantizePair,
} from '../../../src/pattern/index.ts';
import { rule } from '../../../src/rewrite/index.ts';
import {
  collapseRepeatedQdq,
  quantizeAfterClip,
  quantizeBeforeConcat,
  quantizeBeforeCopy,
  quantizeBeforePad,
} from '../../../src/rules/index.ts';
import {
  codeTypeOf,
  copyPair,
  isPerTensor,
  unlessAlike,
  unlessCodesComeBack,
} from '../../../src/rules/quantizer.ts';
import type { Exhibit } from './exhibit.ts';

/** Q → MaxPool on codes; `guarded` asks for a scale that keeps the order. */
const poolCodes = (name: string, guarded: boolean) =>
  rule({
    name,
    match: op
      .QuantizeLinear(op.MaxPool(any('x')).as('pool'), constant('scale'), optional(constant('zero')))
      .as('quantize')
      .opset(13),
    unless: ({ x, pool, scale, zero, quantize }) =>
      (!isPerTensor(scale) && 'there are several scales') ||
      (pool.outputs[1] !== undefined && 'the indices are read') ||
      (x.dtype !== 'float32' && 'only float32 is known') ||
      (!['int8', 'uint8'].includes(codeTypeOf(quantize, zero)) && 'MaxPool has no such codes') ||
      ((pool.attributes.pads?.some((pad) => pad > 0) || pool.attributes.ceil_mode === 1) &&
        'a window may be empty') ||
      (pool.attributes.auto_pad !== 'NOTSET' && 'a window may be empty') ||
      (guarded && unlessCodesComeBack(scale, codeTypeOf(quantize, zero))),
    rewrite: ({ x, pool, scale, zero, quantize }, build) =>
      build.copy(pool, [build.copy(quantize, [x, scale, zero])]),
  });

/** Q(Pad(x)) ⇒ Pad(Q(x)), padding codes with `fill`. */
const padCodes = (name: string, fill: (zero: Constant) => number) =>
  rule({
    name,
    match: op
      .QuantizeLinear(
        op.Pad(any('x'), constant('pads')).as('pad').opset(13),
        constant('scale'),
        constant('zero'),
      )
      .as('quantize'),
    unless: ({ scale, zero, x, pad, quantize }) =>
      (!isPerTensor(scale) && 'there are several scales') ||
      (x.dtype !== 'float32' && 'only float32 is known') ||
      unlessCodesComeBack(scale, codeTypeOf(quantize, zero)) ||
      (!['int8', 'uint8'].includes(zero.dtype) && 'Pad has no such codes') ||
      (pad.attributes.mode !== 'constant' && 'nothing is filled'),
    rewrite: ({ x, pads, pad, scale, zero, quantize }, build) =>
      build.copy(pad, [
        build.copy(quantize, [x, scale, zero]),
        pads,
        build.constant(tensor(zero.dtype, [], [fill(zero)])),
      ]),
  });

const padAnything = rule({
  name: 'quantize-before-any-pad',
  match: quantizePair(op.Pad(any('x'), any('pads'), optional(any('value'))).as('pad')),
  unless: ({ scale }) => !isPerTensor(scale) && 'there are several scales',
  rewrite: ({ x, pads, value, pad, ...pair }, build) =>
    build.copy(pad, [copyPair(build, pair, x), pads, value]),
});

const clipAnything = rule({
  name: 'quantize-before-any-clip',
  match: quantizePair(op.Clip(any('x'), optional(constant('low')), optional(constant('high'))).as('clip')),
  unless: ({ scale }) => !isPerTensor(scale) && 'there are several scales',
  rewrite: ({ x, low, high, clip, ...pair }, build) =>
    build.copy(clip, [copyPair(build, pair, x), low, high]),
});

const concatFirst = rule({
  name: 'concat-codes-by-the-first-scale',
  match: op
    .Concat(
      each('parts', op.DequantizeLinear(any('codes'), constant('scale'), constant('zero')).as('dequantize')),
    )
    .as('concat'),
  unless: ({ parts }) =>
    (parts.some(({ scale }) => !isPerTensor(scale)) && 'there are several scales') ||
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

const transposeAnything = rule({
  name: 'quantize-before-transpose-axis-and-all',
  match: quantizePair(op.Transpose(any('x')).as('transpose')),
  rewrite: ({ x, transpose, ...pair }, build) => build.copy(transpose, [copyPair(build, pair, x)]),
});

const reshapeAnything = rule({
  name: 'quantize-before-reshape-axis-and-all',
  match: quantizePair(op.Reshape(any('x'), constant('shape')).as('reshape')),
  rewrite: ({ x, shape, reshape, ...pair }, build) => build.copy(reshape, [copyPair(build, pair, x), shape]),
});

const collapseAnyTwo = rule({
  name: 'collapse-any-two-pairs',
  match: quantizePair(quantizePair(any('x')), 'Behind'),
  rewrite: ({ x, scaleBehind, zeroBehind, quantizeBehind, dequantizeBehind }, build) =>
    copyPair(
      build,
      { scale: scaleBehind, zero: zeroBehind, quantize: quantizeBehind, dequantize: dequantizeBehind },
      x,
    ),
});

/** Signed codes become unsigned ones; the zero point moves by `shift`. */
const unsigned = (name: string, shift: number) =>
  rule({
    name,
    match: quantizePair(any('x')),
    unless: ({ zero, quantize, dequantize, scale }) =>
      (zero?.dtype !== 'int8' && 'the codes are not int8') || unlessAlike(quantize, dequantize, scale),
    rewrite: ({ x, zero, ...pair }, build) => {
      const moved = zero!.numbers().map((code) => Math.min(255, code + shift));
      return copyPair(build, { ...pair, zero: build.constant(tensor('uint8', zero!.dims, moved)) }, x);
    },
  });

/** Relu → Q ⇒ Q; right when the smallest code stands for zero. */
const dropRelu = (name: string, guarded: boolean) =>
  rule({
    name,
    match: op.QuantizeLinear(op.Relu(any('x')), constant('scale'), constant('zero')).as('quantize'),
    unless: ({ x, scale, zero }) => {
      if (!['int8', 'uint8'].includes(zero.dtype)) return 'the codes are no bytes';
      if (x.dtype !== 'float32' || scale.dtype !== 'float32') return 'only float32 is known';
      if (!scale.numbers().every((s) => s > 0)) return 'a scale is not positive';
      const lowest = zero.dtype === 'int8' ? -128 : 0;
      return guarded && zero.numbers().some((code) => code !== lowest) && 'codes below zero exist';
    },
    rewrite: ({ x, scale, zero, quantize }, build) => build.copy(quantize, [x, scale, zero]),
  });

/** Rules that would be right on another grid. */
export const grids: readonly Exhibit[] = [
  {
    because: 'A negative scale turns the order of codes around.',
    wrong: poolCodes('pool-codes-of-any-scale', false),
    right: poolCodes('pool-codes', true),
  },
  {
    because: 'The padded number may be off the grid.',
    wrong: padAnything,
    right: quantizeBeforePad,
  },
  {
    because: 'Code 0 stands for zero only where the zero point is 0.',
    wrong: padCodes('pad-codes-with-zero', () => 0),
    right: padCodes('pad-codes-with-zero-point', (zero) => zero.numbers()[0]!),
  },
  {
    because: 'A bound off the grid is rounded away when the quantizer comes first.',
    wrong: clipAnything,
    right: quantizeAfterClip,
  },
  {
    because: 'Codes of other scales are other numbers.',
    wrong: concatFirst,
    right: quantizeBeforeConcat,
  },
  {
    because: 'The axis of the scales is somewhere else in front of the Transpose.',
    wrong: transposeAnything,
    right: quantizeBeforeCopy,
  },
  {
    because: 'In front of the Reshape the axis of the scales may not exist, or hold other elements.',
    wrong: reshapeAnything,
    right: quantizeBeforeCopy,
  },
  {
    because: 'The first of two grids has done its rounding already.',
    wrong: collapseAnyTwo,
    right: collapseRepeatedQdq,
  },
  {
    because: 'Between int8 and uint8 lie 128 codes, not 127.',
    wrong: unsigned('unsigned-codes-off-by-one', 127),
    right: unsigned('unsigned-codes', 128),
  },
  {
    because: 'Codes below the zero point stand for negative numbers, which the Relu had removed.',
    wrong: dropRelu('drop-relu-before-any-quantizer', false),
    right: dropRelu('drop-relu-before-quantizer', true),
  },
];
