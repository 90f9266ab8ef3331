import { isDequantize } from '../../analysis/index.ts';
import { type Node, type Tensor, tensor, valuesOf } from '../../ir/index.ts';
import { constantOf } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { roundHalfEven } from '../../support/rounding.ts';
import { graphPass, type Surgery } from './graph-pass.ts';
import { integerRegion } from './region.ts';

/**
 * Conv(x, w)  ⇒  Conv(x, DQ(codes))    where x comes from operators that run on codes
 *
 * One scale for each output channel, the largest weight at 127. What the export left in floats, such as the last
 * convolutions of a detector, costs a change of layout and four times the memory on either side of it.
 */
export const quantizeFloatConvolutions: Pass = graphPass({
  name: 'quantize-float-convolutions',
  summary: 'Conv(x, w) behind operators on codes ⇒ Conv(x, DQ(codes))',
  reason: 'A float convolution among integer ones pays for its layout and for four times the memory.',
  condition: 'Constant float32 weights; the input is quantized, or made by an operator that runs on codes.',
  sources: ['https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html'],
  effect: 'scale',
  change(surgery, model) {
    const { session } = surgery;
    for (const { node, kind } of integerRegion(session, model.graph, { floatWeights: true })) {
      const weights = kind === 'weighted' ? session.producer(node.inputs[1]!) : undefined;
      if (kind === 'weighted' && !(weights !== undefined && isDequantize(weights))) quantize(surgery, node);
    }
  },
});

function quantize(surgery: Surgery, conv: Node): void {
  const [x = '', weights = '', ...bias] = conv.inputs;
  const { codes, scales } = codesOf(constantOf(surgery.session, weights)!);
  const zeros = tensor('int8', scales.dims, new Int8Array(scales.size));
  const dequantize = surgery.node(
    'DequantizeLinear',
    [
      surgery.constant(`${weights}_quantized`, codes),
      surgery.constant(`${weights}_scale`, scales),
      surgery.constant(`${weights}_zero_point`, zeros),
    ],
    `${weights}_dequantized`,
    { axis: 0 },
  );
  surgery.session.append(dequantize);
  const after = surgery.reroute(conv, [x, dequantize.outputs[0]!, ...bias]);
  const note = `${scales.size} scales for the weights "${weights}"`;
  surgery.record({ at: conv.outputs[0]!, before: [conv], after: [dequantize, after], note });
}

/** Symmetric codes with one scale for each slice of axis 0. */
function codesOf(weights: Tensor): { readonly codes: Tensor; readonly scales: Tensor } {
  const values = valuesOf(weights) as Float32Array;
  const filters = weights.dims[0]!;
  const length = values.length / (filters || 1);
  const scales = Float32Array.from({ length: filters }, (_, filter) => {
    const slice = values.subarray(filter * length, (filter + 1) * length);
    const scale = Math.fround(slice.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / 127);
    return scale >= 2 ** -126 && Number.isFinite(scale) ? scale : 1;
  });
  const codes = Int8Array.from(values, (w, i) => {
    const code = roundHalfEven(Math.fround(w / scales[Math.floor(i / length)]!));
    return Math.min(127, Math.max(-127, code));
  });
  return { codes: tensor('int8', weights.dims, codes), scales: tensor('float32', [filters], scales) };
}
