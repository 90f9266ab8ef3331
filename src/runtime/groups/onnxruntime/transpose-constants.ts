import type { Node } from '../../../ir/index.ts';
import { intAttribute, intsAttribute, makeAttribute } from '../../../ops/index.ts';
import { evaluateNode } from '../../evaluate-node.ts';
import { isDequantizer, isScalar } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';
import { isVersion } from './standard-nodes.ts';

const transpose: ReadonlyMap<string, readonly number[]> = new Map([['Transpose', []]]);

/** DequantizeLinear of constant codes → Transpose ⇒ DequantizeLinear of the codes transposed: the weights of a linear layer. */
export function transposeConstants(graph: WorkGraph): boolean {
  const found = graph.nodes().filter((node) => isVersion(graph, node, transpose));
  return found.filter((node) => transposeConstant(graph, node)).length > 0;
}

function transposeConstant(graph: WorkGraph, node: Node): boolean {
  const pair = graph.producer(node.inputs[0]);
  if (!isDequantizer(pair) || graph.onlyReader(pair.outputs[0]!) === undefined) return false;
  const codes = graph.constant(pair.inputs[0]);
  if (codes === undefined || graph.onlyReader(node.outputs[0]!) === undefined) return false;
  const turned = axisBehind(graph, pair, node, codes.dims.length);
  if (turned === undefined) return false;
  const opset = graph.session.opset('')!;
  const alone: Node = { ...node, inputs: [pair.inputs[0]!] };
  const [moved] = evaluateNode(alone, [codes], { opset });
  const name = graph.store(`${pair.inputs[0]}_transposed`, moved!);
  const attributes = pair.attributes.filter((attribute) => attribute.name !== 'axis');
  const axis = turned === 'none' ? [] : [makeAttribute('axis', turned)];
  const inputs = pair.inputs.with(0, name);
  graph.remove(pair, node);
  graph.add({ ...pair, inputs, outputs: node.outputs, attributes: [...attributes, ...axis] }, [pair, node]);
  return true;
}

/** Where the axis of a dequantizer's scales goes; `undefined` where they are no constants, or for blocks. */
function axisBehind(graph: WorkGraph, pair: Node, node: Node, rank: number): number | 'none' | undefined {
  const scale = graph.constant(pair.inputs[1]);
  if (scale === undefined || intAttribute(pair, 'block_size', 0) !== 0) return undefined;
  if (isScalar(scale)) return 'none';
  if (scale.dims.length !== 1) return undefined;
  const axis = intAttribute(pair, 'axis', 1);
  const perm = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return perm.indexOf(axis < 0 ? axis + rank : axis);
}
