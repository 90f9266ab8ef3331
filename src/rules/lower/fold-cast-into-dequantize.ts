import { dataTypeFromCode, tensor } from '../../ir/index.ts';
import { any, constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';

/**
 * DQ(q, s: float32) → Cast(float16)  ⇒  DQ(q, s: float16)
 *
 * From opset 19 on a DequantizeLinear gives the type that its scale has. Both ways round the product to float16; here the
 * scale is one already, so the product may come out as its neighbour.
 */
export const foldCastIntoDequantize = rule({
  name: 'fold-cast-into-dequantize',
  summary: 'DQ(q, s) → Cast(float16) ⇒ DQ(q, s: float16)',
  reason: 'A Cast between a DequantizeLinear and its operator keeps them apart.',
  condition:
    'Opset 19; only the Cast reads the DequantizeLinear; the scale is a normal number of float16. Float16 rounding.',
  sources: [
    'NVIDIA Model-Optimizer: fold_dq_fp32_to_fp16_casts',
    'https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html',
  ],
  effect: 'rounding',

  match: op
    .Cast(
      op
        .DequantizeLinear(any('codes'), constant('scale'), optional(any('zero')))
        .opset(19)
        .as('dequantize'),
    )
    .as('cast'),

  unless({ scale, dequantize, cast }) {
    if (dataTypeFromCode(cast.attributes.to ?? 0) !== 'float16') return `${cast} does not make float16`;
    if (scale.dtype !== 'float32') return `the scale is ${scale.dtype}`;
    if ((dequantize.attributes.output_dtype ?? 0) > 1)
      return `${dequantize} gives another type than its scale has`;
    const odd = scale.numbers().find((s) => !(Math.abs(s) >= 2 ** -14 && Math.abs(s) * 255 < 65504));
    return odd !== undefined && `the scale ${odd} is beyond the normal numbers of float16`;
  },

  rewrite({ codes, scale, zero, dequantize }, build) {
    const half = build.constant(tensor('float16', scale.dims, scale.numbers(), scale.name));
    return build.copy(dequantize, [codes, half, zero], { output_dtype: undefined });
  },
});
