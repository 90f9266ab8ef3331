import { type Model, type Node, viewOf } from '../../src/ir/index.ts';
import { constantOf } from '../../src/ops/index.ts';

/**
 * Concat and MaxPool nodes with quantizers of different scales around them: of the Q nodes that read one of their inputs
 * or their output, and of the DQ nodes that make an input. Written without the pass it checks.
 */
export function unequalScales(
  model: Model,
): readonly { node: Node; scales: readonly number[]; tensors: readonly string[] }[] {
  const view = viewOf(model);
  const around = (value: string): readonly Node[] => [
    ...view.uses(value).flatMap(({ node }) => (node.opType === 'QuantizeLinear' ? [node] : [])),
    ...[view.producer(value)]
      .filter((node) => node !== undefined && node.opType === 'DequantizeLinear')
      .map((node) => node!),
  ];
  return model.graph.nodes.flatMap((node) => {
    if (node.opType !== 'Concat' && node.opType !== 'MaxPool') return [];
    const values = [...(node.opType === 'Concat' ? node.inputs : node.inputs.slice(0, 1)), node.outputs[0]!];
    const quantizers = values.flatMap(around);
    const scales = new Set(
      quantizers.map((quantizer) =>
        Number((constantOf(view, quantizer.inputs[1]!)!.toTypedArray() as Float32Array)[0]),
      ),
    );
    const tensors = quantizers.map((quantizer) =>
      quantizer.opType === 'QuantizeLinear'
        ? quantizer.inputs[0]!
        : (view.producer(quantizer.inputs[0]!)?.inputs[0] ?? quantizer.outputs[0]!),
    );
    return scales.size < 2 ? [] : [{ node, scales: [...scales], tensors }];
  });
}
