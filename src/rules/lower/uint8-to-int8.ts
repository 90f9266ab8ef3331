import { tensor } from '../../ir/index.ts';
import { any, constant, oneOf, op } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { unlessAlike } from '../quantizer.ts';

/**
 * Q(s, 128: uint8) → DQ  ⇒  Q(s, 0: int8) → DQ
 *
 * Unsigned codes around 128 are signed codes around zero, shifted:
 *
 *     clamp(round(x / s) + 128, 0, 255) − 128 = clamp(round(x / s), −128, 127)
 *
 * Codes stored in the model are shifted with it. Other zero points have no such twin: `uint8-to-symmetric-int8` widens the
 * range instead.
 */
export const uint8ToInt8 = rule({
  name: 'uint8-to-int8',
  summary: 'Q → DQ with uint8 codes around 128 ⇒ Q → DQ with int8 codes around 0',
  reason: 'TensorRT imports symmetric int8 alone; uint8, or a zero point that is not 0, is an error.',
  condition: 'Every zero point is 128, and only the DequantizeLinear reads the codes.',
  sources: [
    'https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md',
    'https://github.com/NVIDIA/TensorRT/issues/2774',
  ],
  effect: 'exact',

  match: op
    .DequantizeLinear(
      oneOf(
        constant('codes'),
        op.QuantizeLinear(any('x'), constant('scale'), constant('zero')).as('quantize'),
      ),
      constant('scale'),
      constant('zero'),
    )
    .as('dequantize'),

  unless({ scale, zero, quantize, dequantize }) {
    if (zero.dtype !== 'uint8') return `the codes are ${zero.dtype}`;
    const other = zero.numbers().find((value) => value !== 128);
    if (other !== undefined) return `the zero point is ${other}, not 128`;
    return quantize !== undefined && unlessAlike(quantize, dequantize, scale);
  },

  rewrite({ x, codes, scale, zero, quantize, dequantize }, build) {
    const signed = build.constant(tensor('int8', zero.dims, new Int8Array(zero.size), zero.name));
    const shifted =
      codes === undefined
        ? build.copy(quantize!, [x, scale, signed], { output_dtype: undefined })
        : build.constant(
            tensor(
              'int8',
              codes.dims,
              codes.numbers().map((code) => code - 128),
              codes.name,
            ),
          );
    return build.copy(dequantize, [shifted, scale, signed]);
  },
});
