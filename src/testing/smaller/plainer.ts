import type { Attribute, Node } from '../../ir/index.ts';
import type { Case } from '../matching.ts';
import { withGraph } from './case.ts';

/** Cases without what a counterexample can do without: names, notes, attributes; and with smaller numbers in attributes. */
export function* plainer(one: Case): Iterable<Case> {
  const { model } = one;
  const { graph } = model;
  const bare = (node: Node): Node => ({ ...node, name: undefined, docString: undefined, metadata: [] });
  const isBare = ({ name, docString, metadata }: Node) =>
    name === undefined && docString === undefined && metadata.length === 0;
  if (model.metadata.length > 0) yield { ...one, model: { ...model, metadata: [] } };
  if (!graph.nodes.every(isBare)) {
    const all = withGraph(one, { nodes: graph.nodes.map(bare) });
    if (all !== undefined) yield all;
  }
  for (const node of graph.nodes) {
    const replace = (by: Node) =>
      withGraph(one, { nodes: graph.nodes.map((other) => (other === node ? by : other)) });
    const candidates: (Case | undefined)[] = isBare(node) ? [] : [replace(bare(node))];
    for (const attribute of node.attributes) {
      const others = node.attributes.filter((other) => other !== attribute);
      candidates.push(replace({ ...node, attributes: others }));
      for (const simpler of simplerAttributes(attribute))
        candidates.push(
          replace({
            ...node,
            attributes: node.attributes.map((other) => (other === attribute ? simpler : other)),
          }),
        );
    }
    for (const candidate of candidates) if (candidate !== undefined) yield candidate;
  }
}

function* simplerAttributes(attribute: Attribute): Iterable<Attribute> {
  if (attribute.type !== 'INTS') return;
  for (const [i, value] of attribute.value.entries()) {
    for (const simpler of [0n, 1n]) {
      if (value === simpler || value === 0n || (value === 1n && simpler !== 0n)) continue;
      yield { ...attribute, value: attribute.value.map((other, j) => (j === i ? simpler : other)) };
    }
  }
}
