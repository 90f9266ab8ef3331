import { type DataType, integerRange, type Tensor, tensor } from '../../ir/index.ts';
import type { Constant, NodeMatch, Objection } from '../../pattern/index.ts';
import { roundHalfEven } from '../../support/rounding.ts';
import { codeTypeOf, isPerTensor, unlessAlike, unlessCodesComeBack } from '../quantizer.ts';
import { type Convolution, channelCount, outputChannels } from './batch-norm.ts';

/** The constant weights of a convolution behind Q → DQ, or stored as codes behind DQ alone. */
export interface QuantizedWeights {
  readonly conv: Convolution;
  /** The codes; or, where there is a QuantizeLinear, the floats it reads. */
  readonly stored: Constant;
  readonly scale: Constant;
  readonly zero: Constant | undefined;
  readonly quantize: NodeMatch<'QuantizeLinear'> | undefined;
  readonly dequantize: NodeMatch<'DequantizeLinear'>;
}

/** The same weights with every output channel multiplied by a gain; tensors are called as those they come from. */
export interface ScaledWeights {
  readonly scale: Tensor;
  /** Absent where the quantizer has none. */
  readonly zero: Tensor | undefined;
  /** Codes, or floats exactly on the new grid, as before; undefined where no code changed. */
  readonly stored: Tensor | undefined;
}

/** The axis of the weights that holds output channels. */
export function channelAxis(conv: Convolution): number {
  return conv.opType === 'Conv' ? 0 : 1;
}

/** s′ = s · |gain|, q′ = z + sign(gain) · (q − z); a gain of zero keeps the scale and clears the codes. */
export function scaleChannels(weights: QuantizedWeights, gains: readonly number[]): ScaledWeights {
  const { conv, stored, scale, zero, quantize } = weights;
  const channelOf = outputChannels(conv, stored.dims);
  const [scales, zeros, before] = [scalesAfter(weights, gains), zerosOf(weights), codesOf(weights)];
  const codes = before.map((code, i) => {
    const m = channelOf(i);
    return zeros[m]! + Math.sign(gains[m]!) * (code - zeros[m]!);
  });
  const isSame = codes.every((code, i) => code === before[i]);
  const floats = () =>
    Float32Array.from(codes, (code, i) => (code - zeros[channelOf(i)]!) * scales[channelOf(i)]!);
  return {
    scale: tensor('float32', [scales.length], scales, scale.name),
    zero: zero && tensor(zero.dtype, [scales.length], zeros, zero.name),
    stored:
      quantize !== undefined
        ? tensor('float32', stored.dims, floats(), stored.name)
        : isSame
          ? undefined
          : tensor(stored.dtype, stored.dims, codes, stored.name),
  };
}

/** Objects unless there is, or can be, one scale for each output channel. */
export function unlessScalesFollowChannels(weights: QuantizedWeights): Objection {
  const { conv, stored, scale, zero, quantize, dequantize } = weights;
  if ((conv.opset ?? 0) < 13) return `opset ${conv.opset} has no scales by channel; that takes 13`;
  if (conv.opType === 'ConvTranspose' && conv.attributes.group !== 1) {
    return `${conv} has ${conv.attributes.group} groups, which share the scales of axis 1`;
  }
  if (quantize !== undefined && stored.dtype !== 'float32') {
    return `the weights are ${stored.dtype}; only float32 is folded`;
  }
  const bad =
    unlessCodesComeBack(scale, dtypeOf(weights)) || (quantize && unlessAlike(quantize, dequantize, scale));
  if (bad) return bad;
  if ((dequantize.attributes.output_dtype ?? 0) > 1)
    return `${dequantize} gives another type than its scale has`;
  if (zero !== undefined && zero.size !== scale.size) return `${zero} and ${scale} differ in length`;
  if (isPerTensor(scale)) return false;
  const { axis } = dequantize.attributes;
  const index = axis < 0 ? axis + stored.dims.length : axis;
  if (scale.dims.length !== 1) return `the scales of ${dequantize} come in blocks`;
  if (index !== channelAxis(conv))
    return `the scales of ${dequantize} run along axis ${axis}, not the output channels`;
  return (
    scale.size !== channelCount(conv, stored.dims) &&
    `${scale} has ${scale.size} scales for ${channelCount(conv, stored.dims)} channels`
  );
}

/** Objects where a code has no mirror image, or a scale would leave the range of normal numbers. */
export function unlessCodesSurvive(weights: QuantizedWeights, gains: readonly number[]): Objection {
  const { min, max } = integerRange(dtypeOf(weights))!;
  const channelOf = outputChannels(weights.conv, weights.stored.dims);
  const scales = scalesAfter(weights, gains);
  const lost = scales.findIndex((s) => !(s >= 2 ** -126 && Number.isFinite(Math.fround(s * (max - min)))));
  if (lost >= 0) return `the scale of channel ${lost} would become ${scales[lost]}`;
  const zeros = zerosOf(weights);
  const codes = codesOf(weights);
  const stuck = codes.findIndex((code, i) => {
    const m = channelOf(i);
    const mirrored = 2 * zeros[m]! - code;
    return gains[m]! < 0 && (mirrored < min || mirrored > max);
  });
  if (stuck < 0) return false;
  return `the gain of channel ${channelOf(stuck)} is negative, and its code ${codes[stuck]} has no opposite in ${dtypeOf(weights)}`;
}

function scalesAfter({ scale }: QuantizedWeights, gains: readonly number[]): readonly number[] {
  const scales = scale.numbers();
  return gains.map((gain, m) => {
    const before = scales.length === 1 ? scales[0]! : scales[m]!;
    return gain === 0 ? before : Math.fround(before * Math.abs(gain));
  });
}

/** Zero points by output channel. */
function zerosOf({ conv, stored, zero }: QuantizedWeights): readonly number[] {
  const zeros = zero?.numbers() ?? [0];
  return Array.from({ length: channelCount(conv, stored.dims) }, (_, m) =>
    zeros.length === 1 ? zeros[0]! : zeros[m]!,
  );
}

/** The codes the weights have now: those stored, or those that QuantizeLinear finds. */
function codesOf(weights: QuantizedWeights): Int32Array {
  const { conv, stored, scale, quantize } = weights;
  const values = stored.tensor.toTypedArray() as ArrayLike<number>;
  if (quantize === undefined) return Int32Array.from(values);
  const { min, max } = integerRange(dtypeOf(weights))!;
  const channelOf = outputChannels(conv, stored.dims);
  const [scales, zeros] = [scale.numbers(), zerosOf(weights)];
  return Int32Array.from(values, (value, i) => {
    const m = channelOf(i);
    const code =
      roundHalfEven(Math.fround(value / (scales.length === 1 ? scales[0]! : scales[m]!))) + zeros[m]!;
    return Math.min(max, Math.max(min, code));
  });
}

function dtypeOf({ stored, zero, quantize }: QuantizedWeights): DataType {
  return quantize === undefined ? stored.dtype : codeTypeOf(quantize, zero);
}
