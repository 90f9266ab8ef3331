import { isQuantize } from '../../analysis/index.ts';
import type { Node } from '../../ir/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { clipBounds } from './bounds.ts';
import { graphPass, type Surgery } from './graph-pass.ts';
import { quantizedBehind } from './grids.ts';

/**
 * Q → DQ → Clip → Q  ⇒  Clip → Q
 *
 * With a pair on either side a Clip or Relu is an operator of its own. With one pair behind it, it is part of the
 * quantizer, and the convolution in front gives the codes directly. One of two roundings goes.
 */
export const removeQuantizersBeforeBounds: Pass = graphPass({
  name: 'remove-quantizers-before-bounds',
  summary: 'Q → DQ → Clip → Q ⇒ Clip → Q',
  reason:
    'ONNX Runtime takes a Clip or Relu into the quantizer behind it, but runs one between two pairs on floats.',
  condition: 'Only the Clip or Relu reads the pair, and only quantizers read the Clip or Relu.',
  sources: ['ONNX Runtime, QDQ selectors: Clip and Relu in front of a QuantizeLinear'],
  effect: 'closer',
  change(surgery) {
    for (const node of surgery.session.nodes()) {
      let bound: Node | undefined = node;
      while (bound !== undefined) bound = withoutPair(surgery, bound);
    }
  },
});

/** Takes away the pair in front of a bound; gives the bound as it is then, `undefined` where there is no such pair. */
function withoutPair(surgery: Surgery, bound: Node): Node | undefined {
  const { session } = surgery;
  const [input = ''] = bound.inputs;
  const [output = ''] = bound.outputs;
  if (clipBounds(session, bound) === undefined) return undefined;
  const pair = quantizedBehind(session, input);
  if (pair === undefined || session.isOutput(input) || session.isOutput(output)) return undefined;
  const { quantize, dequantize, value } = pair;
  const isAlone = session.uses(input).length === 1 && session.uses(quantize.outputs[0]!).length === 1;
  const readers = session.uses(output);
  const isQuantized = readers.length > 0 && readers.every(({ node }) => isQuantize(node));
  if (!isAlone || !isQuantized || session.isOutput(quantize.outputs[0]!)) return undefined;
  const after = surgery.reroute(bound, [value, ...bound.inputs.slice(1)]);
  session.remove(dequantize);
  session.remove(quantize);
  const note = `"${value}" is rounded once, behind ${bound.opType}`;
  surgery.record({ at: output, before: [quantize, dequantize, bound], after: [after], note });
  return after;
}
