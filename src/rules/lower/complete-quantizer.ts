import { findDataType, integerRange, tensor } from '../../ir/index.ts';
import { any, anyOf, constant, type NodeMatch, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { codeTypeOf, isPerTensor, type Quantizer } from '../quantizer.ts';

/**
 * Q(x, s)  ⇒  Q(x, s, 0)        DQ(q, s: one for each index)  ⇒  DQ(axis = 1)(q, s)
 *
 * Writes down what ONNX assumes and importers assume otherwise: without a zero point a QuantizeLinear makes uint8 –
 * TensorRT takes it for int8, older versions refuse it –, and without an axis scales run along axis 1 – TensorRT takes it
 * for 0.
 */
export const completeQuantizer = rule({
  name: 'complete-quantizer',
  summary: 'Q or DQ without zero point, or without the axis of its scales ⇒ both written down',
  reason: 'Importers assume something else than ONNX does where a zero point or an axis is missing.',
  condition: 'Integer codes of up to 16 bits whose type is known.',
  sources: [
    'https://github.com/onnx/onnx-tensorrt/blob/main/onnxOpImporters.cpp',
    'https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html',
    'https://github.com/NVIDIA/TensorRT/issues/994',
  ],
  effect: 'exact',

  match: anyOf(
    ['QuantizeLinear', 'DequantizeLinear'] as const,
    any('x'),
    constant('scale'),
    optional(any('zero')),
  ).as('quantizer'),

  unless({ x, scale, zero, quantizer }) {
    const dtype = codesOf(quantizer, x.dtype);
    if (zero === undefined && !isSmallInteger(dtype)) return `the codes are ${dtype ?? 'of unknown type'}`;
    if (zero !== undefined && !lacksAxis(quantizer, scale)) return 'it says its zero point and axis';
    return false;
  },

  rewrite({ x, scale, zero, quantizer }, build) {
    const dtype = codesOf(quantizer, x.dtype)!;
    const point =
      zero ?? build.constant(tensor(dtype, scale.dims, new Int8Array(scale.size), `${scale}_zero_point`));
    const axis = lacksAxis(quantizer, scale) ? { axis: 1 } : {};
    // Older engines know no output_dtype; the zero point says the same.
    const output = quantizer.opType === 'QuantizeLinear' ? { output_dtype: undefined } : {};
    return build.explicit(quantizer, [x, scale, point], { ...axis, ...output });
  },
});

function lacksAxis(quantizer: Quantizer, scale: { readonly dims: readonly number[] }): boolean {
  if (isPerTensor(scale as never) || scale.dims.length !== 1 || (quantizer.opset ?? 0) < 13) return false;
  return quantizer.node.attributes.every(({ name }) => name !== 'axis');
}

function codesOf(quantizer: Quantizer, dtype: ReturnType<typeof codeTypeOf> | undefined) {
  if (quantizer.opType === 'DequantizeLinear') return dtype;
  return codeTypeOf(quantizer as NodeMatch<'QuantizeLinear'>, undefined);
}

function isSmallInteger(dtype: ReturnType<typeof codeTypeOf> | undefined): boolean {
  return dtype !== undefined && integerRange(dtype) !== undefined && findDataType(dtype)!.bits <= 16;
}
