import { constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { quantized, unlessStepsFit } from '../constant-codes.ts';
import { unlessAllReaders } from '../neighbours.ts';
import { codeTypeOf, unlessCodesComeBack } from '../quantizer.ts';

/**
 * Q(W) → DQ  ⇒  codes → DQ
 *
 * Quantizing a constant gives a constant. Engines that take int8 weights find them ready, and the file shrinks to a
 * quarter. The opposite, for engines that do not, is `unfold-weight-quantizer`; never use both.
 */
export const foldWeightQuantizer = rule({
  name: 'fold-weight-quantizer',
  summary: 'Q(W) → DQ ⇒ int8 weights → DQ',
  reason: 'The weights take a quarter of the file, and no build has to quantize them.',
  condition: 'Constant float32 weights that only DequantizeLinear reads as codes. TensorRT 10 and later.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/1604',
    'https://github.com/NVIDIA/TensorRT/issues/3919',
  ],
  effect: 'exact',

  match: op.QuantizeLinear(constant('w'), constant('scale'), optional(constant('zero'))).as('quantize'),

  unless({ w, scale, zero, quantize }) {
    if (w.dtype !== 'float32') return `${w} is ${w.dtype}, not float32`;
    return (
      unlessStepsFit({ scale, zero, axis: quantize.attributes.axis }, w.dims) ||
      unlessCodesComeBack(scale, codeTypeOf(quantize, zero)) ||
      unlessAllReaders(
        quantize.output,
        ({ opType }, index) => opType === 'DequantizeLinear' && index === 0,
        'DequantizeLinear',
      )
    );
  },

  rewrite: ({ w, scale, zero, quantize }, build) =>
    build.constant(quantized(w, { scale, zero, axis: quantize.attributes.axis }, codeTypeOf(quantize, zero))),
});
