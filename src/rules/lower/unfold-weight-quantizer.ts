import { constant, op } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { dequantized, unlessStepsFit } from '../constant-codes.ts';
import { unlessAllReaders } from '../neighbours.ts';
import { weighted } from '../operators.ts';
import { unlessCodesComeBack } from '../quantizer.ts';

const isWeighted: ReadonlySet<string> = new Set(weighted);

/**
 * codes → DQ → Conv  ⇒  W → Q → DQ → Conv,  W = DQ(codes)
 *
 * For engines that refuse int8 initializers. A quantizer finds the codes again that numbers were made from:
 *
 *     Q(DQ(q)) = q
 *
 * The opposite is `fold-weight-quantizer`; never use both.
 */
export const unfoldWeightQuantizer = rule({
  name: 'unfold-weight-quantizer',
  summary: 'int8 weights → DQ ⇒ float weights → Q → DQ',
  reason: 'TensorRT up to 8.4 refuses weights of type int8.',
  condition:
    'Constant codes of up to 16 bits with a zero point, positive scales, read by convolutions and products.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/2163',
    'https://github.com/microsoft/onnxruntime/issues/11535',
  ],
  effect: 'exact',

  match: op.DequantizeLinear(constant('codes'), constant('scale'), constant('zero')).as('dequantize'),

  unless({ codes, scale, zero, dequantize }) {
    const { axis, output_dtype } = dequantize.attributes;
    if ((output_dtype ?? 0) > 1) return `${dequantize} gives another type than its scale has`;
    return (
      unlessCodesComeBack(scale, codes.dtype) ||
      unlessStepsFit({ scale, zero, axis }, codes.dims) ||
      unlessAllReaders(
        dequantize.output,
        ({ opType }, index) => isWeighted.has(opType) && index <= 1,
        'operator with weights',
      )
    );
  },

  rewrite({ codes, scale, zero, dequantize }, build) {
    const { axis } = dequantize.attributes;
    const w = build.constant(dequantized(codes, { scale, zero, axis }));
    const attributes = scale.size > 1 && axis !== undefined ? { axis } : {};
    return build.copy(dequantize, [build.QuantizeLinear(w, scale, zero, attributes), scale, zero]);
  },
});
