import { isDequantize } from '../../analysis/index.ts';
import type { GraphView, Node, Tensor } from '../../ir/index.ts';
import { constantOf, intAttribute, normalDomain } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { evaluateNode } from '../../runtime/index.ts';
import { graphPass, type Surgery } from './graph-pass.ts';
import { rootOf } from './grids.ts';

/**
 * Products of input channels and output channels (in blocks of 16) up to which gathering the bytes of a window costs
 * the engine more than multiplying floats. Measured: 3 → 8 channels, 3×3 over 256×256 pixels, 1.18 ms on bytes and
 * 0.38 ms on floats; 3 → 64 channels, 7×7 over 32×32, no difference.
 */
const fewestProducts = 64;

/**
 * Q → DQ → Conv(·, DQ(w))  ⇒  Conv(·, w)    for the first convolution, where it has few channels
 *
 * ONNX Runtime gathers the window of each pixel byte by byte before it multiplies 8-bit codes. For an image of three
 * channels and few filters that takes three times as long as the convolution in floats, which reads pixels where they
 * lie. The weights keep the numbers their codes stand for; the rounding of the input goes.
 */
export const unquantizeSmallConvolution: Pass = graphPass({
  name: 'unquantize-small-convolution',
  summary: 'Q → DQ → Conv(·, DQ(w)) ⇒ Conv(·, w), for a first convolution of few channels',
  reason: 'ONNX Runtime runs a convolution of an image to few channels faster on floats than on bytes.',
  condition: `It reads a graph input, has a window of more than one pixel, one group, and at most ${fewestProducts} products of channels.`,
  sources: ['docs/onnxruntime.md, measured with onnxruntime-node 1.30'],
  effect: 'closer',
  change(surgery) {
    const { session } = surgery;
    for (const node of session.nodes()) if (isSmallFirstConvolution(session, node)) unquantize(surgery, node);
  },
});

/** Whether a node is a convolution of a graph input that is faster on floats. */
export function isSmallFirstConvolution(view: GraphView, node: Node): boolean {
  if (node.opType !== 'Conv' || normalDomain(node.domain) !== '') return false;
  if (view.input(rootOf(view, node.inputs[0] ?? '')) === undefined) return false;
  const dims = weightDims(view, node.inputs[1] ?? '');
  if (dims === undefined || dims.length < 3 || intAttribute(node, 'group', 1) !== 1) return false;
  const [filters = 0, channels = 0, ...window] = dims;
  const isPoint = window.every((length) => length === 1);
  return !isPoint && channels * Math.ceil(filters / 16) * 16 <= fewestProducts;
}

function unquantize(surgery: Surgery, conv: Node): void {
  const { session } = surgery;
  const inputs = conv.inputs.map((input, i) => {
    if (i === 0) return rootOf(session, input);
    const floats = storedFloats(session, input);
    return floats === undefined ? input : surgery.constant(`${input}_float`, floats);
  });
  const after = surgery.reroute(conv, inputs);
  if (after === conv) return;
  const root = inputs[0] === conv.inputs[0] ? '' : `; "${inputs[0]}" is no longer rounded in front of it`;
  surgery.record({ at: conv.outputs[0]!, before: [conv], after: [after], note: `runs on floats${root}` });
}

/** The numbers that stored codes stand for; `undefined` for a value that is not made by DQ of a constant. */
export function storedFloats(view: GraphView, value: string): Tensor | undefined {
  const dequantize = view.producer(value);
  if (dequantize === undefined || !isDequantize(dequantize)) return undefined;
  const inputs = dequantize.inputs.map((input) => (input === '' ? undefined : constantOf(view, input)));
  if (inputs.some((input, i) => input === undefined && dequantize.inputs[i] !== '')) return undefined;
  return evaluateNode(dequantize, inputs, { opset: view.opset(dequantize.domain) ?? 1 })[0];
}

/** Lengths of constant weights, stored as floats or as codes. */
function weightDims(view: GraphView, value: string): readonly number[] | undefined {
  const maker = view.producer(value);
  const stored = maker !== undefined && isDequantize(maker) ? (maker.inputs[0] ?? '') : value;
  return constantOf(view, stored)?.dims;
}
