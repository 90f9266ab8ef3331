import { tensor } from '../../ir/index.ts';
import { constant } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { convThenBatchNorm, foldedBias, gainsOf, outputChannels, unlessFixed } from './batch-norm.ts';

/**
 * Conv → BatchNormalization  ⇒  Conv
 *
 * Once training is over, a batch norm is one multiply and one add per output channel. Both fold into the convolution in
 * front of it, and into a ConvTranspose just as well:
 *
 *     gain = gamma / √(variance + epsilon)     w′ = gain · w     b′ = gain · (b − mean) + beta
 *
 * Everything is computed in double precision and rounded once. Weights that another convolution reads as well are
 * copied; the other one keeps its own. New constants are named after the old: weight names tell the module.
 */
export const foldBatchNormIntoConv = rule({
  name: 'fold-batch-norm-into-conv',
  summary: 'Conv → BatchNormalization ⇒ Conv',
  reason: 'One operator less, and the activation comes next to the convolution it can be part of.',
  condition:
    'Constant float32 weights and statistics, not in training mode. Outputs change by float rounding.',
  sources: ['https://onnx.ai/onnx/operators/onnx__BatchNormalization.html'],
  effect: 'rounding',

  match: convThenBatchNorm(constant('w')),

  unless({ w, b, conv, norm, gamma, beta, mean, variance }) {
    if (w.dtype !== 'float32') return `the weights are ${w.dtype}; only float32 is folded`;
    return unlessFixed({ norm, gamma, beta, mean, variance }, conv, w.dims, b);
  },

  rewrite({ x, w, b, conv, norm, gamma, beta, mean, variance }, build) {
    const batchNorm = { norm, gamma, beta, mean, variance };
    const gains = gainsOf(batchNorm);
    const channelOf = outputChannels(conv, w.dims);
    const values = w.tensor.toTypedArray() as Float32Array;
    const weights = values.map((value, i) => gains[channelOf(i)]! * value);
    const bias = foldedBias(batchNorm, b);
    return build.copy(conv, [
      x,
      build.constant(tensor('float32', w.dims, weights, w.name)),
      build.constant(tensor('float32', [bias.length], bias, b?.name ?? beta.name)),
    ]);
  },
});
