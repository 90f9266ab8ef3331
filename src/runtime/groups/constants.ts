import { type Node, subgraphsOf, type Tensor } from '../../ir/index.ts';
import { isPure, normalDomain } from '../../ops/index.ts';
import { ModelError } from '../../support/errors.ts';
import { evaluateNode } from '../evaluate-node.ts';
import { isDequantizer } from './quantizers.ts';
import type { WorkGraph } from './work-graph.ts';

/** Bytes that one folded value may take. */
const largest = 2 ** 28;

/**
 * Computes what depends on constants alone, quantizers of weights too, but no dequantizer: the groups look for those.
 * Nodes that only pass a value on are taken out.
 */
export function foldConstants(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes()) changed = passOn(graph, node) || fold(graph, node) || changed;
  return changed;
}

function fold(graph: WorkGraph, node: Node): boolean {
  const { session } = graph;
  const opset = session.opset('');
  if (isDequantizer(node) || session.function(node) !== undefined || subgraphsOf(node).length > 0)
    return false;
  if (!isPure(node, opset) || node.outputs.some((output) => session.isOutput(output))) return false;
  const inputs: (Tensor | undefined)[] = [];
  for (const input of node.inputs) {
    const constant = input === '' ? undefined : graph.constant(input);
    if (input !== '' && constant === undefined) return false;
    inputs.push(constant);
  }
  const outputs = evaluate(node, inputs, opset!);
  if (outputs === undefined) return false;
  graph.remove(node);
  node.outputs.forEach((name, i) => {
    if (name !== '') session.addInitializer(outputs[i]!.withName(name));
  });
  return true;
}

function evaluate(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  opset: number,
): readonly (Tensor | undefined)[] | undefined {
  try {
    return evaluateNode(node, inputs, { opset, memory: largest });
  } catch (error) {
    // What cannot be computed now says so, with its place, when the model runs.
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

function passOn(graph: WorkGraph, node: Node): boolean {
  const [x = '', ...rest] = node.inputs;
  const [y = '', mask = ''] = node.outputs;
  const passes =
    node.opType === 'Identity' ||
    (node.opType === 'Dropout' && (mask === '' || graph.readers(mask).length === 0));
  if (!passes || normalDomain(node.domain) !== '' || !isPure(node, graph.session.opset(''))) return false;
  if (graph.session.isOutput(y) || x === '' || (rest.length > 0 && graph.session.isOutput(mask)))
    return false;
  graph.redirect(y, x);
  graph.remove(node);
  return true;
}
