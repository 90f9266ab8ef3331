import type { Node } from '../../../ir/index.ts';
import { isDequantizer, isQuantizer, tensorScaleOf } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { isVersion } from './standard-nodes.ts';

/** Operators that a pair moves across, with the schema versions; any version where none is named. */
const movable: ReadonlyMap<string, readonly number[]> = new Map([
  ['MaxPool', [12]],
  ['Reshape', []],
  ['Transpose', []],
  ['Squeeze', []],
  ['Unsqueeze', []],
  ['Slice', []],
]);

/** Dequantizers are repeated behind movable operators, and quantizers before them: pairs that let groups form there. */
export function propagatePairs(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes())
    if (isDequantizer(node) && graph.session.has(node)) changed = propagateForward(graph, node) || changed;
  for (const node of graph.nodes())
    if (isQuantizer(node) && graph.session.has(node)) changed = propagateBackward(graph, node) || changed;
  return changed;
}

function propagateForward(graph: WorkGraph, dequantizer: Node): boolean {
  const first = graph.onlyReader(dequantizer.outputs[0]!);
  if (first === undefined || tensorScaleOf(graph, dequantizer) === undefined) return false;
  if (graph.constant(dequantizer.inputs[0]) !== undefined) return false;
  const open = [first];
  let changed = false;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const value = node.outputs[0]!;
    if (!isVersion(graph, node, movable) || graph.session.isOutput(value)) continue;
    const readers = [...new Set(graph.readers(value))];
    // Where a quantizer reads the value already, no pair is needed.
    if (readers.some((reader) => isQuantizer(reader))) continue;
    if (readers.length === 0 || graph.session.uses(value).some(({ index }) => index < 0)) continue;
    open.push(...insertPair(graph, dequantizer, value, readers));
    changed = true;
  }
  return changed;
}

function propagateBackward(graph: WorkGraph, quantizer: Node): boolean {
  if (tensorScaleOf(graph, quantizer) === undefined) return false;
  let changed = false;
  let reader = quantizer;
  for (;;) {
    const node = onlySource(graph, reader);
    if (!isVersion(graph, node, movable)) return changed;
    const value = node.inputs[0] ?? '';
    const before = graph.producer(value);
    // An edge from a graph input is one too; one from a dequantizer needs no pair.
    if (isDequantizer(before) || (before !== undefined && onlySource(graph, node) === undefined))
      return changed;
    if (before === undefined && graph.session.input(value) === undefined) return changed;
    [reader] = insertPair(graph, quantizer, value, [node]) as [Node];
    changed = true;
  }
}

/** The node that makes a node's first input for it alone. */
function onlySource(graph: WorkGraph, node: Node): Node | undefined {
  const value = node.inputs[0] ?? '';
  return graph.onlyReader(value) === undefined ? undefined : graph.producer(value);
}

/** Puts a pair like that of `model` between a value and some of its readers, a dequantizer for each; gives their new nodes. */
function insertPair(graph: WorkGraph, model: Node, value: string, readers: readonly Node[]): Node[] {
  const parameters = model.inputs.slice(1);
  const codes = graph.name(`${value}_q`);
  graph.add(makeNode('QuantizeLinear', model.domain ?? '', [value, ...parameters], [codes]), [model]);
  return readers.map((reader) => {
    const real = graph.name(`${value}_dq`);
    graph.add(makeNode('DequantizeLinear', model.domain ?? '', [codes, ...parameters], [real]), [model]);
    return graph.change(reader, { inputs: reader.inputs.map((name) => (name === value ? real : name)) });
  });
}
