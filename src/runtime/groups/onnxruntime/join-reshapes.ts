import { type Node, tensor } from '../../../ir/index.ts';
import { type Facts, shapeOf } from '../../../ops/index.ts';
import { factsOf } from '../facts.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { isVersion } from './standard-nodes.ts';

/** Schema versions in which the shape is an input. */
const reshape: ReadonlyMap<string, readonly number[]> = new Map([
  ['Reshape', [5, 13, 14, 19, 21, 23, 24, 25]],
]);
const reshaping: ReadonlyMap<string, readonly number[]> = new Map([
  ...reshape,
  ['Squeeze', []],
  ['Unsqueeze', []],
]);

/** Reshape → Reshape, Squeeze or Unsqueeze … ⇒ one Reshape to the last shape, as far as shapes are known. */
export function joinReshapes(graph: WorkGraph): boolean {
  const starts = graph.nodes().filter((node) => isVersion(graph, node, reshape) && follower(graph, node));
  if (starts.length === 0) return false;
  const facts = factsOf(graph);
  return starts.filter((node) => graph.session.has(node) && joinFrom(graph, facts, node)).length > 0;
}

function joinFrom(graph: WorkGraph, facts: ReadonlyMap<string, Facts>, start: Node): boolean {
  const chain = [start];
  let shape: readonly number[] | undefined;
  for (let node = follower(graph, start); node !== undefined; node = follower(graph, node)) {
    const known = staticShape(facts, node.outputs[0]!);
    if (known === undefined) break;
    chain.push(node);
    shape = known;
  }
  if (shape === undefined) return false;
  const [y] = chain.at(-1)!.outputs as [string];
  const dims = graph.store(`${y}_shape`, tensor('int64', [shape.length], shape.map(BigInt)));
  graph.remove(...chain);
  graph.add(makeNode('Reshape', '', [start.inputs[0]!, dims], [y]), chain);
  return true;
}

/** The one reader of a node's output, if that reshapes it further. */
function follower(graph: WorkGraph, node: Node): Node | undefined {
  const reader = graph.onlyReader(node.outputs[0]!);
  const isNext = reader?.inputs[0] === node.outputs[0] && isVersion(graph, reader, reshaping);
  return isNext ? reader : undefined;
}

/** A shape of known lengths; none of them zero, which Reshape reads as another length. */
function staticShape(facts: ReadonlyMap<string, Facts>, value: string): readonly number[] | undefined {
  const shape = shapeOf(facts.get(value));
  return shape?.every((dim) => typeof dim === 'number' && dim > 0) ? (shape as readonly number[]) : undefined;
}
