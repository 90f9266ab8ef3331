import { constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { dequantized, unlessStepsFit } from '../constant-codes.ts';
import { unlessAllReaders } from '../neighbours.ts';
import { weighted } from '../operators.ts';

const biased: ReadonlySet<string> = new Set(weighted);

/**
 * Conv(x, w, DQ(bias: int32))  ⇒  Conv(x, w, bias: float32)
 *
 * The bias is what DequantizeLinear makes of it, computed once:
 *
 *     bias = s · (q − z)    in float32, as the operator does
 */
export const floatBias = rule({
  name: 'float-bias',
  summary: 'DQ(int32 bias) → Conv ⇒ float bias → Conv',
  reason: 'TensorRT refuses a DequantizeLinear of int32; it rounds the bias by itself.',
  condition: 'Constant int32 codes that only convolutions and products read, as their bias.',
  sources: [
    'https://github.com/onnx/onnx-tensorrt/issues/850',
    'https://github.com/microsoft/onnxruntime/issues/14229',
  ],
  effect: 'exact',

  match: op
    .DequantizeLinear(constant('codes'), constant('scale'), optional(constant('zero')))
    .as('dequantize'),

  unless({ codes, scale, zero, dequantize }) {
    if (codes.dtype !== 'int32') return `${codes} is ${codes.dtype}, not int32`;
    if ((dequantize.attributes.output_dtype ?? 0) > 1)
      return `${dequantize} gives another type than its scale has`;
    return (
      unlessStepsFit({ scale, zero, axis: dequantize.attributes.axis }, codes.dims) ||
      unlessAllReaders(
        dequantize.output,
        ({ opType }, index) => biased.has(opType) && index === 2,
        'operator with a bias',
      )
    );
  },

  rewrite: ({ codes, scale, zero, dequantize }, build) =>
    build.constant(dequantized(codes, { scale, zero, axis: dequantize.attributes.axis })),
});
