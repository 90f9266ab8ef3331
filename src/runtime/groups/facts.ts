import type { Node, Type } from '../../ir/index.ts';
import { constantFacts, type Facts, inferNode } from '../../ops/index.ts';
import { ModelError } from '../../support/errors.ts';
import type { WorkGraph } from './work-graph.ts';

/** What is known of every value of a graph as it is now, by name. */
export function factsOf(graph: WorkGraph): ReadonlyMap<string, Facts> {
  const { session } = graph;
  const facts = new Map<string, Facts>();
  const known = (name: string): Facts | undefined => {
    const constant = facts.has(name) ? undefined : graph.constant(name);
    return constant === undefined
      ? (facts.get(name) ?? declared(session.declared(name)?.type))
      : constantFacts(constant);
  };
  for (const node of graph.nodes()) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : known(name)));
    for (const [i, output] of inferred(node, inputs, session.opset(node.domain)).entries())
      if (output !== undefined) facts.set(node.outputs[i]!, output);
  }
  return new Map(
    [...session.nodes()]
      .flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
      .flatMap((name) => {
        const found = name === '' ? undefined : known(name);
        return found === undefined ? [] : [[name, found] as const];
      }),
  );
}

function declared(type: Type | undefined): Facts | undefined {
  return type && { type };
}

function inferred(
  node: Node,
  inputs: readonly (Facts | undefined)[],
  opset: number | undefined,
): readonly (Facts | undefined)[] {
  try {
    return inferNode(node, inputs, { opset });
  } catch (error) {
    // A contradiction shows when the model runs; here it only means that nothing is known.
    if (error instanceof ModelError) return [];
    throw error;
  }
}
