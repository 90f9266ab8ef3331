import { isQuantize } from '../../analysis/index.ts';
import { constantOf } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { evaluateNode } from '../../runtime/index.ts';
import { graphPass } from './graph-pass.ts';

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
    const { session } = surgery;
    for (const node of session.nodes()) {
      if (!isQuantize(node) || session.isOutput(node.outputs[0]!)) continue;
      const inputs = node.inputs.map((input) => (input === '' ? undefined : constantOf(session, input)));
      if (inputs.some((input, i) => input === undefined && node.inputs[i] !== '')) continue;
      const [codes] = evaluateNode(node, inputs, { opset: session.opset(node.domain) ?? 1 });
      const stored = surgery.constant(`${node.inputs[0]}_quantized`, codes!);
      const before = [...session.readers(node.outputs[0]!)];
      const after = session.rewire(node.outputs[0]!, stored);
      session.remove(node);
      surgery.record({ at: node.outputs[0]!, before: [node, ...before], after });
    }
  },
});
