import { isDequantize, isQuantize } from '../../analysis/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { clipBounds } from './bounds.ts';
import { graphPass } from './graph-pass.ts';
import { dequantizersOn, quantizedBehind } from './grids.ts';

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
    const { session } = surgery;
    for (const bound of session.nodes()) {
      if (clipBounds(session, bound) === undefined) continue;
      const [input = ''] = bound.inputs;
      const pair = quantizedBehind(session, input);
      const output = bound.outputs[0] ?? '';
      if (pair === undefined || session.isOutput(input) || session.isOutput(output)) continue;
      const isAlone = session.uses(input).length === 1 && dequantizersOn(session, pair.quantize).length === 1;
      const readers = session.uses(output);
      if (!isAlone || readers.length === 0 || !readers.every(({ node }) => isQuantize(node))) continue;
      if (!isDequantize(pair.dequantize) || session.uses(pair.quantize.outputs[0]!).length > 1) continue;
      const after = surgery.reroute(bound, [pair.value, ...bound.inputs.slice(1)]);
      session.remove(pair.dequantize);
      session.remove(pair.quantize);
      const note = `"${pair.value}" is rounded once, behind ${bound.opType}`;
      surgery.record({ at: output, before: [pair.quantize, pair.dequantize, bound], after: [after], note });
    }
  },
});
