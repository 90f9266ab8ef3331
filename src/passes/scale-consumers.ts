import { isQuantize } from '../analysis/index.ts';
import type { GraphView, Node } from '../ir/index.ts';
import { dequantizersOf, isMerging, type ScaleClass } from './scale-classes.ts';

/**
 * The quantizers behind a class: those that read what its last Concat or MaxPool makes, directly or through copies.
 * Last is one from which no other of the class is reached; where none of the last has a quantizer, all count.
 */
export function consumersIn(view: GraphView, { joins }: ScaleClass): readonly Node[] {
  const inside = new Set(joins.map(({ node }) => node));
  const found = joins
    .filter(({ node }) => isMerging(node))
    .map(({ node }) => reachedFrom(view, inside, node));
  const last = found.filter(({ merging }) => !merging).flatMap(({ quantizers }) => quantizers);
  return last.length > 0 ? last : found.flatMap(({ quantizers }) => quantizers);
}

function reachedFrom(
  view: GraphView,
  inside: ReadonlySet<Node>,
  start: Node,
): { readonly quantizers: readonly Node[]; readonly merging: boolean } {
  const quantizers = new Set<Node>();
  const seen = new Set<string>();
  let merging = false;
  // `direct`: no quantizer lies between the start and the value.
  const pending = [{ value: start.outputs[0] ?? '', direct: true }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, direct } = next;
    if (value === '' || seen.has(`${direct} ${value}`)) continue;
    seen.add(`${direct} ${value}`);
    for (const { node } of view.uses(value)) {
      if (isQuantize(node) && direct) quantizers.add(node);
      if (!inside.has(node)) continue;
      if (isMerging(node)) merging = true;
      else if (!isQuantize(node)) for (const output of node.outputs) pending.push({ value: output, direct });
      else
        for (const { outputs } of dequantizersOf(view, node))
          pending.push({ value: outputs[0] ?? '', direct: false });
    }
  }
  return { quantizers: [...quantizers], merging };
}
