import { tensor } from '../../ir/index.ts';
import {
  any,
  anyOf,
  each,
  type NodeMatch,
  type Objection,
  optional,
  type Value,
} from '../../pattern/index.ts';
import { type Builder, rule } from '../../rewrite/index.ts';

/**
 * QLinearConv(x, w)  ⇒  DQ(x), DQ(w) → Conv → Q
 *
 * and the same for QLinearMatMul. What an operator on codes means, spelled out: engines that import quantizers, but no
 * integer operators, fuse it again. Sums of integers become sums of floats, so a result that lies on a tie, or next to
 * one, may get the neighbouring code.
 *
 * The bias of a QLinearConv has the scale of its products, s(x) · s(w).
 */
export const qlinearToQdq = rule({
  name: 'qlinear-to-qdq',
  summary: 'QLinearConv, QLinearMatMul ⇒ DQ → Conv, MatMul → Q',
  reason: 'TensorRT imports no integer operators; it fuses Q and DQ with float ones.',
  condition:
    'Constant scales, one for each tensor, or one for each output channel of the weights. Codes may move by one at ties.',
  sources: [
    'https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md',
    'https://github.com/NVIDIA/TensorRT/issues/3360',
  ],
  effect: 'rounding',

  match: anyOf(['QLinearConv', 'QLinearMatMul'] as const, each('operands', optional(any('operand')))).as(
    'node',
  ),

  unless({ node }) {
    const [, xs, , , ws, , ys] = node.inputs;
    for (const scale of [xs, ws, ys]) {
      const constant = scale?.constant;
      if (constant === undefined) return `${scale} is not constant`;
      if (constant.dtype !== 'float32') return `${scale} is ${constant.dtype}`;
    }
    if (xs!.constant!.size !== 1 || ys!.constant!.size !== 1) return `${node} has a scale for each row`;
    return unlessColumns(node, ws!);
  },

  rewrite({ node }, build) {
    const [x, xs, xz, w, ws, wz, ys, yz, bias] = node.inputs;
    const isConv = node.opType === 'QLinearConv';
    const steps = ws!.constant!.size;
    const axis = steps > 1 ? { axis: isConv ? 0 : (w!.rank ?? 2) - 1 } : {};
    const left = build.DequantizeLinear(x, xs, xz);
    const right = build.DequantizeLinear(w, ws, wz, axis);
    const result = isConv
      ? build.Conv(left, right, bias && floatBias(build, bias, xs!, ws!), convAttributes(node))
      : build.MatMul(left, right);
    return build.QuantizeLinear(result, ys, yz);
  },
});

function unlessColumns(node: NodeMatch, scale: Value): Objection {
  const { size, dims } = scale.constant!;
  if (size === 1) return false;
  if (dims.length !== 1) return `the scales ${scale} have ${dims.length} axes`;
  if ((node.opset ?? 0) < 13) return `opset ${node.opset} has no scales by channel; that takes 13`;
  const weights = node.inputs[3]!;
  if (node.opType === 'QLinearMatMul' && weights.rank === undefined)
    return `the rank of ${weights} is not known`;
  return false;
}

/** DQ(bias) with the scale of the products. */
function floatBias(build: Builder, bias: Value, xs: Value, ws: Value): Value {
  const [left] = xs.constant!.toTypedArray() as Float32Array;
  const scales = Float32Array.from(ws.constant!.toTypedArray() as Float32Array, (s) => s * left!);
  const isSingle = scales.length === 1;
  const scale = build.constant(tensor('float32', isSingle ? [] : [scales.length], scales, `${bias}_scale`));
  return build.DequantizeLinear(bias, scale, isSingle ? {} : { axis: 0 });
}

function convAttributes({ attributes }: NodeMatch) {
  const { auto_pad, dilations, group, kernel_shape, pads, strides } =
    attributes as NodeMatch<'QLinearConv'>['attributes'];
  return { auto_pad, dilations, group, kernel_shape, pads, strides };
}
