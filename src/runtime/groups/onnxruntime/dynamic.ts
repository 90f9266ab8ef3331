import { dataTypeFromCode, type Node } from '../../../ir/index.ts';
import { intAttribute } from '../../../ops/index.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';

/** A fused node, and the nodes it takes the place of. */
export interface DynamicGroup {
  readonly rule: 'integer-matmul-to-float' | 'dynamic-quantize-matmul';
  readonly target: Node;
  readonly nodes: readonly Node[];
  readonly fused: Node;
}

/**
 * MatMulInteger → Cast → Mul by both scales [→ Add a bias] as one MatMulIntegerToFloat; with the DynamicQuantizeLinear in
 * front, where it has no other reader, as one DynamicQuantizeMatMul.
 */
export function fuseDynamicProducts(graph: WorkGraph, take: (group: DynamicGroup) => void): boolean {
  let changed = false;
  for (const node of graph.nodes()) {
    const group = graph.session.has(node) && node.opType === 'Mul' ? findProduct(graph, node) : undefined;
    if (group === undefined) continue;
    take(withQuantizer(graph, group) ?? group);
    changed = true;
  }
  return changed;
}

function findProduct(graph: WorkGraph, scaling: Node): DynamicGroup | undefined {
  const cast = firstParent(graph, scaling, 'Cast');
  const product = cast && firstParent(graph, cast, 'MatMulInteger');
  const scales = firstParent(graph, scaling, 'Mul');
  if (product === undefined || scales === undefined) return undefined;
  if (dataTypeFromCode(intAttribute(cast!, 'to', 0)) !== 'float32') return undefined;
  if ([cast!, product, scales].some(({ outputs }) => graph.onlyReader(outputs[0]!) === undefined))
    return undefined;
  const add = graph.onlyReader(scaling.outputs[0]!, 'Add');
  const bias = add && isBias(graph, add) ? add.inputs[1] : undefined;
  const nodes = [product, cast!, scales, scaling, ...(bias === undefined ? [] : [add!])];
  const [a = '', b = '', aZero = '', bZero = ''] = product.inputs;
  const inputs = [a, b, scales.inputs[0]!, scales.inputs[1]!, aZero, bZero, bias ?? ''];
  const fused = makeNode('MatMulIntegerToFloat', 'com.microsoft', inputs, nodes.at(-1)!.outputs);
  return { rule: 'integer-matmul-to-float', target: product, nodes, fused };
}

/** Whether an Add only adds a constant to each column. */
function isBias(graph: WorkGraph, add: Node): boolean {
  const bias = graph.constant(add.inputs[1]);
  return (
    bias !== undefined && (bias.dims.at(-1) ?? 1) > 1 && bias.dims.slice(0, -1).every((dim) => dim === 1)
  );
}

function withQuantizer(graph: WorkGraph, group: DynamicGroup): DynamicGroup | undefined {
  const [a, b = '', aScale, bScale = '', aZero, bZero = '', bias = ''] = group.fused.inputs;
  const dynamic = graph.producer(a, 'DynamicQuantizeLinear');
  if (dynamic === undefined || dynamic.outputs[1] !== aScale || dynamic.outputs[2] !== aZero)
    return undefined;
  if ([b, bScale].some((name) => graph.constant(name) === undefined)) return undefined;
  if (bZero !== '' && graph.constant(bZero) === undefined) return undefined;
  if (dynamic.outputs.some((output) => graph.session.isOutput(output) || graph.readers(output).length > 1))
    return undefined;
  const inputs = [dynamic.inputs[0]!, b, bScale, bZero, bias];
  return {
    rule: 'dynamic-quantize-matmul',
    target: group.target,
    nodes: [dynamic, ...group.nodes],
    fused: makeNode('DynamicQuantizeMatMul', 'com.microsoft', inputs, group.fused.outputs),
  };
}

function firstParent(graph: WorkGraph, node: Node, opType: string): Node | undefined {
  for (const input of node.inputs) {
    const producer = graph.producer(input, opType);
    if (producer !== undefined) return producer;
  }
  return undefined;
}
