import { isQuantize } from '../../analysis/index.ts';
import type { Node } from '../../ir/index.ts';
import { constantOf } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { evaluateNode } from '../../runtime/index.ts';
import { graphPass, type Surgery } from './graph-pass.ts';

/**
 * w → Q → DQ  ⇒  codes → DQ    for constant weights
 *
 * The engine computes the codes anyway, at every start. The file becomes a quarter of its size.
 */
export const storeQuantizedWeights: Pass = graphPass({
  name: 'store-quantized-weights',
  summary: 'constant → Q ⇒ codes',
  reason: 'Stored codes are a quarter of the file, and no engine has to compute them when it starts.',
  condition: 'All inputs of the Q are constants; its codes are those the reference executor computes.',
  sources: ['https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html'],
  change(surgery) {
    for (const node of surgery.session.nodes()) if (isQuantize(node)) storeCodes(surgery, node);
  },
});

/** Puts the codes of a Q in its place, if all it reads is constant and the graph itself does not give them away. */
export function storeCodes(surgery: Surgery, quantize: Node): void {
  const { session } = surgery;
  const [output = ''] = quantize.outputs;
  const inputs = quantize.inputs.map((input) => (input === '' ? undefined : constantOf(session, input)));
  const isKnown = inputs.every((input, i) => input !== undefined || quantize.inputs[i] === '');
  if (!isKnown || session.isOutput(output)) return;
  const [codes] = evaluateNode(quantize, inputs, { opset: session.opset(quantize.domain) ?? 1 });
  const stored = surgery.constant(`${quantize.inputs[0]}_quantized`, codes!);
  const before = [...session.readers(output)];
  const after = session.rewire(output, stored);
  session.remove(quantize);
  surgery.record({ at: output, before: [quantize, ...before], after });
}
