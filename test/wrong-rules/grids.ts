import { tensor } from '../../src/ir/index.ts';
import { any, type Constant, constant, op, optional, quantizePair } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

const first = (one: Constant) => one.numbers()[0]!;

/** A quantizer without a zero point gets one. */
const zeroGiven = (name: string, type: 'int8' | 'uint8') =>
  rule({
    name,
    match: op.QuantizeLinear(any('x'), constant('scale')).opset(13).as('quantize'),
    unless: ({ quantize, scale }) =>
      ((quantize.attributes.output_dtype ?? 0) !== 0 && 'says its type') ||
      ((quantize.attributes.block_size ?? 0) !== 0 && 'in blocks') ||
      (scale.size === 0 && 'empty'),
    rewrite: ({ x, scale, quantize }, build) =>
      build.copy(quantize, [
        x,
        scale,
        build.constant(
          tensor(
            type,
            scale.dims,
            scale.numbers().map(() => 0),
          ),
        ),
      ]),
  });

const axisGiven = (name: string, usual: number) =>
  rule({
    name,
    match: op
      .DequantizeLinear(any('codes'), constant('scale'), optional(constant('zero')))
      .opset(13)
      .as('dequantize'),
    unless: ({ dequantize, scale }) =>
      (scale.dims.length !== 1 && 'one scale') ||
      (dequantize.node.attributes.some((attribute) => attribute.name === 'axis') && 'says its axis'),
    rewrite: ({ codes, scale, zero, dequantize }, build) =>
      build.explicit(dequantize, [codes, scale, zero], { axis: usual }),
  });

/** DQ → Unsqueeze ⇒ Unsqueeze → DQ */
const unsqueezeCodes = (name: string, moves: boolean) =>
  rule({
    name,
    match: op
      .Unsqueeze(
        op.DequantizeLinear(any('codes'), constant('scale'), optional(constant('zero'))).as('dequantize'),
        constant('axes'),
      )
      .opset(13)
      .as('unsqueeze'),
    unless: ({ codes, axes, dequantize, scale }) =>
      ((axes.size !== 1 || first(axes) < 0 || codes.rank === undefined) && 'not one plain axis') ||
      ((dequantize.attributes.block_size ?? 0) !== 0 && 'in blocks') ||
      (scale.dims.length > 1 && 'in blocks'),
    rewrite({ codes, scale, zero, axes, dequantize, unsqueeze }, build) {
      const axis = (dequantize.attributes.axis + codes.rank!) % codes.rank!;
      const moved = moves && first(axes) <= axis ? axis + 1 : axis;
      const longer = build.copy(unsqueeze, [codes, axes]);
      return scale.dims.length === 0
        ? build.copy(dequantize, [longer, scale, zero])
        : build.explicit(dequantize, [longer, scale, zero], { axis: moved });
    },
  });

/** DQ → Transpose ⇒ Transpose → DQ */
const transposeCodes = (name: string, looksAtBlocks: boolean) =>
  rule({
    name,
    match: op
      .Transpose(
        op.DequantizeLinear(any('codes'), constant('scale'), optional(constant('zero'))).as('dequantize'),
      )
      .opset(13)
      .as('transpose'),
    unless: ({ transpose, dequantize, scale }) =>
      (transpose.attributes.perm === undefined && 'turned around by default') ||
      (scale.dims.length === 0 && 'one scale') ||
      (looksAtBlocks && (dequantize.attributes.block_size ?? 0) !== 0 && 'in blocks'),
    rewrite({ codes, scale, zero, dequantize, transpose }, build) {
      const perm = transpose.attributes.perm!;
      const axis = (dequantize.attributes.axis + perm.length) % perm.length;
      return build.explicit(dequantize, [build.copy(transpose, [codes]), scale, zero], {
        axis: perm.indexOf(axis),
      });
    },
  });

/** Two quantizers of one value ⇒ one. */
const shareQuantizers = (name: string, looksAtZero: boolean) =>
  rule({
    name,
    match: [
      op.QuantizeLinear(any('x'), constant('s'), constant('z')).as('a'),
      op.QuantizeLinear(any('x'), constant('s'), constant(looksAtZero ? 'z' : 'y')).as('b'),
    ],
    unless: ({ a, b, s }) =>
      (String(a.attributes.axis) !== String(b.attributes.axis) && s.dims.length > 0 && 'two axes') ||
      ((a.attributes.block_size ?? 0) !== (b.attributes.block_size ?? 0) && 'other blocks') ||
      ((a.attributes.saturate ?? 1) !== (b.attributes.saturate ?? 1) && 'saturates or not') ||
      ((a.attributes.precision ?? 0) !== (b.attributes.precision ?? 0) && 'precision'),
    rewrite({ x, s, z, a }, build) {
      const one = build.copy(a, [x, s, z]);
      return [one, one];
    },
  });

const saturateForgotten = (name: string, looks: boolean) =>
  rule({
    name,
    match: op.QuantizeLinear(any('x'), constant('scale'), constant('zero')).opset(19).as('quantize'),
    unless: ({ quantize, zero }) =>
      ((quantize.attributes.saturate ?? 1) === 1 && 'as usual') ||
      (looks && !/^u?int/.test(zero.dtype) && 'floats without saturation overflow'),
    rewrite: ({ x, scale, zero, quantize }, build) => build.copy(quantize, [x, scale, zero], { saturate: 1 }),
  });

const scaleFolded = (name: string, looksAtType: boolean) =>
  rule({
    name,
    match: op
      .DequantizeLinear(constant('codes'), constant('scale'), optional(constant('zero')))
      .opset(13)
      .as('dequantize'),
    unless: ({ codes, scale, zero }) =>
      ((scale.dims.length > 0 || codes.dtype !== 'int8') && 'not int8 with one scale') ||
      (zero !== undefined && first(zero) !== 0 && 'a zero point') ||
      (looksAtType && scale.dtype !== 'float32' && 'not float32') ||
      (codes.numbers().some((code) => code === 0) && first(scale) < 0 && 'zeros get a sign'),
    rewrite: ({ codes, scale, dequantize }, build) =>
      dequantize.output.isGraphOutput
        ? build.Identity(
            build.constant(
              tensor(
                'float32',
                codes.dims,
                codes.numbers().map((q) => q * first(scale)),
              ),
            ),
          )
        : build.constant(
            tensor(
              'float32',
              codes.dims,
              codes.numbers().map((q) => q * first(scale)),
            ),
          ),
  });

const requantizeOnce = (name: string, looksAtScales: boolean) =>
  rule({
    name,
    match: op
      .QuantizeLinear(
        op.DequantizeLinear(any('codes'), constant('s'), constant('z')),
        constant('t'),
        constant('y'),
      )
      .as('quantize'),
    unless: ({ codes, s, t, z, y, quantize }) =>
      ((codes.dtype !== y.dtype || s.dims.length > 0 || t.dims.length > 0) &&
        'two types, or several scales') ||
      (quantize.output.isGraphOutput && 'it names an output') ||
      ((first(s) !== first(t) || first(s) < 0.001) && 'two scales') ||
      (!/^u?int(4|8|16)$/.test(codes.dtype ?? '') && 'other codes') ||
      (looksAtScales && first(z) !== first(y) && 'two zero points'),
    rewrite: ({ codes }) => codes,
  });

const scaleOfProduct = (name: string, exact: boolean) =>
  rule({
    name,
    effect: exact ? 'exact' : 'rounding',
    match: op.Mul(
      op.DequantizeLinear(any('codes'), constant('scale'), optional(constant('zero'))).as('dequantize'),
      constant('k'),
    ),
    unless: ({ scale, k, codes }) =>
      ((scale.dims.length > 0 || k.dims.length > 0 || scale.dtype !== 'float32') && 'several scales') ||
      (codes.dtype === 'int32' && 'wide codes') ||
      ((Math.abs(first(k)) < 1e-3 || Math.abs(first(k)) > 1e3) && 'an extreme factor'),
    rewrite: ({ codes, scale, zero, k, dequantize }, build) =>
      build.copy(dequantize, [codes, build.constant(tensor('float32', [], [first(scale) * first(k)])), zero]),
  });

const castForQuantizer = (name: string, to: 'floor' | 'round') =>
  rule({
    name,
    match: op.QuantizeLinear(any('x'), constant('scale'), constant('zero')).opset(13).as('quantize'),
    unless: ({ x, scale, zero, quantize }) =>
      ((x.dtype !== 'float32' || scale.dims.length > 0 || first(scale) !== 1) && 'another scale') ||
      ((zero.dtype !== 'int8' || first(zero) !== 0) && 'a zero point') ||
      ((quantize.attributes.precision ?? 0) !== 0 && 'precision'),
    rewrite({ x }, build) {
      const bound = (value: number) => build.constant(tensor('float32', [], [value]));
      const whole = to === 'round' ? build.Round(x) : x;
      return build.Cast(build.Clip(whole, bound(-128), bound(127)), { to: 3 });
    },
  });

const pairIsClip = rule({
  name: 'pair-is-clip',
  match: quantizePair(any('x')),
  unless: ({ x, scale, zero }) =>
    (x.dtype !== 'float32' || scale.dims.length > 0 || zero?.dtype !== 'int8' || first(scale) <= 0) &&
    'not int8',
  effect: 'rounding',
  rewrite({ x, scale, zero }, build) {
    const bound = (code: number) =>
      build.constant(tensor('float32', [], [(code - first(zero!)) * first(scale)]));
    return build.Clip(x, bound(-128), bound(127));
  },
});

const clipOfPair = rule({
  name: 'clip-behind-pair',
  match: op.Clip(quantizePair(any('x')).as('pair'), constant('low'), constant('high')).opset(13),
  unless: ({ x, scale, zero, low, high }) => {
    if (x.dtype !== 'float32' || scale.dims.length > 0 || zero?.dtype !== 'int8' || first(scale) <= 0)
      return 'not int8';
    const [least, most] = [-128, 127].map((code) =>
      Math.fround((code - first(zero)) * Math.fround(first(scale))),
    );
    return (first(low) >= least! || first(high) <= most!) && 'it clips';
  },
  rewrite: ({ x, scale, zero, quantize, pair }, build) =>
    build.copy(pair, [build.copy(quantize, [x, scale, zero]), scale, zero]),
});

/** Rules that are wrong about scales, zero points and codes. */
export const gridExhibits: readonly Exhibit[] = [
  {
    wrong: zeroGiven('zero-point-int8', 'int8'),
    right: zeroGiven('zero-point-uint8', 'uint8'),
    forgets: 'without a zero point codes are uint8',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: axisGiven('axis-0', 0),
    right: axisGiven('axis-1', 1),
    forgets: 'the axis is 1 unless said',
    breaks: ['outputs', 'valid', 'runs', 'types'],
  },
  {
    wrong: unsqueezeCodes('unsqueeze-codes', false),
    right: unsqueezeCodes('unsqueeze-codes-and-axis', true),
    forgets: 'the axis moves',
    breaks: ['outputs', 'valid', 'runs', 'types'],
  },
  {
    wrong: transposeCodes('transpose-blocks', false),
    right: transposeCodes('transpose-codes', true),
    forgets: 'scales of blocks have the dims of the codes',
    breaks: ['outputs', 'valid', 'runs', 'types'],
  },
  {
    wrong: shareQuantizers('share-quantizers-of-one-scale', false),
    right: shareQuantizers('share-quantizers-of-one-grid', true),
    forgets: 'zero points and types may differ',
    breaks: ['outputs', 'types', 'valid', 'runs'],
  },
  {
    wrong: saturateForgotten('always-saturate', false),
    right: saturateForgotten('integers-saturate', true),
    forgets: 'float8 may overflow',
  },
  {
    wrong: scaleFolded('fold-to-float32', false),
    right: scaleFolded('fold-float32', true),
    forgets: 'the scale gives the type',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: requantizeOnce('requantize-by-scale', false),
    right: requantizeOnce('requantize-nothing', true),
    forgets: 'zero points may differ',
  },
  {
    wrong: scaleOfProduct('factor-into-scale-exactly', true),
    right: scaleOfProduct('factor-into-scale', false),
    forgets: 'the product of two scales is rounded',
  },
  {
    wrong: castForQuantizer('cast-for-quantizer', 'floor'),
    right: castForQuantizer('round-and-cast-for-quantizer', 'round'),
    forgets: 'a cast cuts off',
  },
  { wrong: pairIsClip, right: clipOfPair, forgets: 'a pair rounds' },
];
