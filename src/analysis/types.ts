import { type Graph, type Model, type Node, type Type, viewOf } from '../ir/index.ts';
import type { ModelError } from '../support/errors.ts';
import { Inquiry, Oracle, type TypeOracle } from './type-oracle.ts';

/** What is known of every value of a model, graph by graph. */
export interface TypeMap {
  readonly model: Model;
  /** The values of a graph inside the model; `undefined` for one that inference never entered. */
  graph(graph: Graph): TypeOracle | undefined;
  /** The values in the body of the function that a node calls, as that call makes them. */
  call(node: Node): TypeOracle | undefined;
  readonly problems: readonly ModelError[];
}

export interface InferTypesOptions {
  /** Throw the first contradiction instead of collecting them. */
  readonly strict?: boolean;
}

const known = new WeakMap<Model, TypeMap>();

/**
 * Types and shapes of all values: of the main graph, of the graphs inside its nodes, and of functions as they are
 * called. Nodes may come in any order. Unknown operators leave their outputs as declared. Computed once per model.
 *
 * @throws ModelError in strict mode when lengths, ranks, element types or attributes contradict each other
 */
export function inferTypes(model: Model, { strict = false }: InferTypesOptions = {}): TypeMap {
  const map = known.get(model) ?? inferAll(model);
  known.set(model, map);
  if (strict && map.problems.length > 0) throw map.problems[0];
  return map;
}

/** The type of a value of the main graph, or of another graph of the model. */
export function typeOf(map: TypeMap, value: string, graph: Graph = map.model.graph): Type | undefined {
  return map.graph(graph)?.typeOf(value);
}

function inferAll(model: Model): TypeMap {
  const inquiry = new Inquiry();
  const main = new Oracle(viewOf(model), inquiry);
  inquiry.graphs.set(model.graph, main);
  main.inferNodes(model.graph);
  const { graphs, calls, problems } = inquiry;
  return { model, graph: (graph) => graphs.get(graph), call: (node) => calls.get(node), problems };
}
