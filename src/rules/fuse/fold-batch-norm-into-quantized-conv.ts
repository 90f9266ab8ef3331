import { tensor } from '../../ir/index.ts';
import { constant, oneOf, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { convThenBatchNorm, foldedBias, gainsOf, unlessFixed } from './batch-norm.ts';
import {
  channelAxis,
  scaleChannels,
  unlessCodesSurvive,
  unlessScalesFollowChannels,
} from './quantized-weights.ts';

/**
 * Conv(x, DQ(q, s)) → BatchNormalization  ⇒  Conv(x, DQ(q′, s′), b′)
 *
 * A batch norm multiplies each output channel by a gain. The scales of the weights can take it in, and the codes stay:
 *
 *     gain = gamma / √(variance + epsilon)     s′ = s · |gain|     q′ = z + sign(gain) · (q − z)
 *     b′ = gain · (b − mean) + beta
 *
 * One scale for all weights becomes one for each output channel. Weights stored as integers stay integers; weights
 * stored as floats in front of Q → DQ are written as w′ = (q′ − z) · s′, exactly on the new grid, so that Q finds q′
 * again whatever they had been rounded from.
 *
 * Only codes of channels with a negative gain change, by their sign; where the opposite does not exist (that of −128 in
 * int8) the rule leaves the batch norm alone. The one exception: a gain of zero wipes its channel out, which no positive
 * scale can do; there the scale stays, and the codes become those of zero.
 *
 * A weight changes by a few float roundings, less than one part in 2²¹ of itself.
 */
export const foldBatchNormIntoQuantizedConv = rule({
  name: 'fold-batch-norm-into-quantized-conv',
  summary: 'Conv(x, DQ(q, s)) → BatchNormalization ⇒ Conv(x, DQ(q, s · |gain|))',
  reason: 'Engines fold batch norms into float weights; behind a quantized ConvTranspose one stays for good.',
  condition:
    'The codes stay as they are, but for signs and for channels of gain zero. Outputs change by float rounding.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/3412',
    'https://onnx.ai/onnx/operators/onnx__BatchNormalization.html',
  ],
  effect: 'rounding',

  match: convThenBatchNorm(
    op
      .DequantizeLinear(
        oneOf(
          constant('codes'),
          op.QuantizeLinear(constant('w'), constant('scale'), optional(constant('zero'))).as('quantize'),
        ),
        constant('scale'),
        optional(constant('zero')),
      )
      .as('dequantize'),
  ),

  unless({ codes, w, scale, zero, quantize, dequantize, b, conv, norm, gamma, beta, mean, variance }) {
    const stored = (codes ?? w)!;
    const batchNorm = { norm, gamma, beta, mean, variance };
    const weights = { conv, stored, scale, zero, quantize, dequantize };
    return (
      unlessFixed(batchNorm, conv, stored.dims, b) ||
      unlessScalesFollowChannels(weights) ||
      unlessCodesSurvive(weights, gainsOf(batchNorm))
    );
  },

  rewrite(
    { x, codes, w, scale, zero, quantize, dequantize, b, conv, norm, gamma, beta, mean, variance },
    build,
  ) {
    const stored = (codes ?? w)!;
    const batchNorm = { norm, gamma, beta, mean, variance };
    const after = scaleChannels({ conv, stored, scale, zero, quantize, dequantize }, gainsOf(batchNorm));
    const bias = foldedBias(batchNorm, b);

    const newScale = build.constant(after.scale);
    const newZero = after.zero && build.constant(after.zero);
    const newStored = after.stored === undefined ? stored : build.constant(after.stored);
    const axis = { axis: channelAxis(conv) };
    const quantized =
      quantize === undefined ? newStored : build.copy(quantize, [newStored, newScale, newZero], axis);
    const dequantized = build.copy(dequantize, [quantized, newScale, newZero], axis);
    return build.copy(conv, [
      x,
      dequantized,
      build.constant(tensor('float32', [bias.length], bias, b?.name ?? beta.name)),
    ]);
  },
});
