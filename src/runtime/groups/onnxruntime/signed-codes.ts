import { tensor } from '../../../ir/index.ts';
import { isDequantizer, isQuantizer, tensorScaleOf } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

/**
 * Pairs of int8 codes become pairs of uint8 codes, 128 higher, where the quantizer feeds one dequantizer alone.
 *
 * ONNX Runtime does so on machines whose matrix kernels take unsigned activations only. No number changes, but which
 * operators find equal types around them does.
 */
export function makeCodesUnsigned(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes()) {
    if (!isQuantizer(node)) continue;
    const reader = graph.onlyReader(node.outputs[0]!);
    if (!isDequantizer(reader) || reader.inputs[0] !== node.outputs[0]) continue;
    const [from, to] = [tensorScaleOf(graph, node), tensorScaleOf(graph, reader)];
    if (
      !from?.hasZero ||
      !to?.hasZero ||
      from.dtype !== 'int8' ||
      to.dtype !== 'int8' ||
      from.zero !== to.zero
    )
      continue;
    const zero = graph.store(`${node.outputs[0]}_zero_point`, tensor('uint8', [], [from.zero + 128]));
    const codes = graph.name(`${node.outputs[0]}_uint8`);
    graph.change(node, { inputs: node.inputs.with(2, zero), outputs: [codes] });
    graph.change(reader, { inputs: reader.inputs.with(0, codes).with(2, zero) });
    changed = true;
  }
  return changed;
}
