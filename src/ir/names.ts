import { ModelError } from '../support/errors.ts';
import { maxGraphDepth, subgraphsOf } from './graph-view.ts';
import type { Graph, Model } from './model.ts';

/** Every value name of a graph and of the graphs inside it; new names have to avoid all of them. */
export function namesIn(graph: Graph, names: Set<string> = new Set(), depth = 0): Set<string> {
  if (depth > maxGraphDepth)
    throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
  for (const input of graph.inputs) names.add(input.name);
  for (const initializer of graph.initializers) names.add(initializer.name ?? '');
  for (const sparse of graph.sparseInitializers) names.add(sparse.values?.name ?? '');
  for (const output of graph.outputs) names.add(output.name);
  for (const node of graph.nodes) {
    for (const input of node.inputs) names.add(input);
    for (const output of node.outputs) names.add(output);
    for (const inner of subgraphsOf(node)) namesIn(inner, names, depth + 1);
  }
  return names;
}

/** Gives out value names nobody uses yet. */
export class NameSource {
  #taken: Set<string> | undefined;
  readonly #collect: () => Set<string>;
  readonly #next = new Map<string, number>();

  /** The names in use are collected when the first new one is asked for. */
  constructor(collect: () => Set<string>) {
    this.#collect = collect;
  }

  static of(model: Model): NameSource {
    return new NameSource(() => namesOf(model));
  }

  /** `hint` itself if it is free, else `hint_1`, `hint_2` … The name is taken from now on. */
  fresh(hint: string): string {
    const taken = (this.#taken ??= this.#collect());
    let name = hint;
    for (let i = this.#next.get(hint) ?? 1; name === '' || taken.has(name); i++) {
      name = `${hint}_${i}`;
      this.#next.set(hint, i + 1);
    }
    taken.add(name);
    return name;
  }
}

function namesOf(model: Model): Set<string> {
  const taken = namesIn(model.graph);
  for (const definition of model.functions) {
    for (const name of [...definition.inputs, ...definition.outputs]) taken.add(name);
    for (const node of definition.nodes)
      for (const name of [...node.inputs, ...node.outputs]) taken.add(name);
  }
  return taken;
}
