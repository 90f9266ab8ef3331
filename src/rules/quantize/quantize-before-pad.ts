import { integerRange } from '../../ir/index.ts';
import {
  any,
  type Constant,
  constant,
  type NodeMatch,
  numbersOf,
  type Objection,
  op,
  optional,
  quantizePair,
  type Value,
} from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { codeTypeOf, isPerTensor, throughQuantizer, unlessAlike } from '../quantizer.ts';

/**
 * Pad → Q → DQ  ⇒  Q → DQ → Pad
 *
 * Quantizers work element by element and Pad only places elements, so the two trade places:
 *
 *     F(Pad(x, c)) = Pad(F(x), c)    as long as F(c) = c, where F = DQ ∘ Q
 *
 * Zero is on every grid. Any other constant has to be one of the grid's numbers; −0 is none (it comes back as +0). The
 * modes that copy elements – edge, reflect, wrap – ask for nothing, and neither does a negative pad, which crops.
 */
export const quantizeBeforePad = rule({
  name: 'quantize-before-pad',
  summary: 'Pad → Q → DQ ⇒ Q → DQ → Pad',
  reason:
    'A Pad right in front of a convolution becomes part of it; with a quantizer in between it is a kernel of its own.',
  condition: 'The padded constant is a number of the grid; any constant for edge, reflect and wrap.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/2592',
    'https://onnx.ai/onnx/operators/onnx__Pad.html',
  ],
  effect: 'exact',

  match: quantizePair(
    op.Pad(any('x'), optional(any('pads')), optional(constant('value')), optional(any('axes'))).as('pad'),
  ),

  unless({ pad, pads, value, axes, scale, zero, quantize, dequantize }) {
    return (
      unlessAlike(quantize, dequantize, scale) ||
      unlessAxisIsWhole(pad, pads, axes, scale, quantize) ||
      (value !== undefined &&
        value.dtype !== dequantize.output.dtype &&
        `${pad} is given a ${value.dtype}`) ||
      (pad.attributes.mode === 'constant' && unlessOnGrid(pad, value, scale, zero, quantize, dequantize))
    );
  },

  rewrite({ x, pad, pads, value, axes, scale, zero, quantize, dequantize }, build) {
    const codes = build.copy(quantize, [x, scale, zero]);
    return build.copy(pad, [build.copy(dequantize, [codes, scale, zero]), pads, value, axes]);
  },
});

/** Scales along an axis only go with it while the axis keeps its length. */
function unlessAxisIsWhole(
  pad: NodeMatch<'Pad'>,
  pads: Value | undefined,
  axes: Value | undefined,
  scale: Constant,
  quantize: NodeMatch<'QuantizeLinear'>,
): Objection {
  if (isPerTensor(scale)) return false;
  const { axis } = quantize.attributes;
  if (scale.dims.length !== 1 || axis === undefined) return `the scales of ${quantize} come in blocks`;
  const has = `${quantize} has one scale for each index of axis ${axis}`;
  if (axes !== undefined) return `${has}, and ${pad} names its axes`;
  const amounts = pads?.constant
    ? numbersOf(pads.constant)
    : (pad.attributes.pads ?? pad.attributes.paddings);
  if (amounts === undefined) return `${has}, and ${pads ?? 'what it pads'} is not a constant`;
  const rank = amounts.length / 2;
  const index = axis < 0 ? axis + rank : axis;
  return (amounts[index] !== 0 || amounts[index + rank] !== 0) && `${has}, and ${pad} pads that axis`;
}

/** What is padded has to come through the quantizer unchanged, bit for bit. */
function unlessOnGrid(
  pad: NodeMatch<'Pad'>,
  value: Constant | undefined,
  scale: Constant,
  zero: Constant | undefined,
  quantize: NodeMatch<'QuantizeLinear'>,
  dequantize: NodeMatch<'DequantizeLinear'>,
): Objection {
  const padded = value?.numbers()[0] ?? pad.attributes.value ?? 0;
  const dtype = codeTypeOf(quantize, zero);
  if (integerRange(dtype) === undefined) return `the codes are ${dtype}; only integer grids are known`;
  if ((dequantize.attributes.output_dtype ?? 0) !== 0)
    return `${dequantize} gives another type than its scale has`;
  if (value !== undefined && value.dtype !== scale.dtype)
    return `${value} is ${value.dtype}, and the scale ${scale.dtype}`;
  if (scale.dtype !== 'float32' && !Object.is(padded, 0))
    return `the grid of a ${scale.dtype} scale is not known`;
  const zeros = zero?.numbers() ?? [0];
  const off = scale
    .numbers()
    .map((s, i) => throughQuantizer(padded, s, zeros[i] ?? zeros[0]!, dtype))
    .find((result) => !Object.is(result, padded));
  return off !== undefined && `${pad} pads with ${show(padded)}, which the quantizer turns into ${show(off)}`;
}

function show(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
