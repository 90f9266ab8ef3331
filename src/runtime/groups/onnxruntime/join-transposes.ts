import type { Node } from '../../../ir/index.ts';
import { intsAttribute, makeAttribute } from '../../../ops/index.ts';
import { isDequantizer, isQuantizer, tensorScaleOf } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { isVersion } from './standard-nodes.ts';

const transpose: ReadonlyMap<string, readonly number[]> = new Map([['Transpose', []]]);

/**
 * Transpose → Transpose ⇒ one Transpose, none where it comes to nothing; pairs of one scale that stand between go in front.
 *
 * ONNX Runtime moves Transposes across much more, where it pays; this is what pairs depend on.
 */
export function joinTransposes(graph: WorkGraph): boolean {
  const found = graph.nodes().filter((node) => isVersion(graph, node, transpose));
  return found.filter((node) => graph.session.has(node) && joinWithNext(graph, node)).length > 0;
}

function joinWithNext(graph: WorkGraph, first: Node): boolean {
  const between: Node[] = [];
  let reader = graph.onlyReader(first.outputs[0]!);
  while (isQuantizer(reader) || isDequantizer(reader)) {
    if (reader.inputs[0] !== (between.at(-1) ?? first).outputs[0]) return false;
    if (tensorScaleOf(graph, reader) === undefined) return false;
    between.push(reader);
    reader = graph.onlyReader(reader.outputs[0]!);
  }
  if (!isVersion(graph, reader, transpose)) return false;
  const perm = composed(first, reader);
  if (perm === undefined) return false;
  const [x = ''] = first.inputs;
  const [y = ''] = reader.outputs;
  graph.remove(first);
  between.forEach((node, i) => {
    if (i === 0) graph.setInput(node, 0, x);
  });
  const last = between.at(-1)?.outputs[0] ?? x;
  graph.remove(reader);
  const isNothing = perm.every((axis, i) => axis === i) && !graph.session.isOutput(y);
  if (isNothing) graph.redirect(y, last);
  else
    graph.add(makeNode('Transpose', '', [last], [y], [makeAttribute('perm', perm)], reader.name), [
      first,
      reader,
    ]);
  return true;
}

/** The axes two Transposes take together; `undefined` where neither names its own. */
function composed(first: Node, second: Node): readonly number[] | undefined {
  const [a, b] = [intsAttribute(first, 'perm'), intsAttribute(second, 'perm')];
  const rank = a?.length ?? b?.length;
  if (rank === undefined) return undefined;
  const reversed = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return (b ?? reversed).map((axis) => (a ?? reversed)[axis]!);
}
