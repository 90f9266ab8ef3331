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
  readonly #model: Model;
  readonly #next = new Map<string, number>();
  #taken: Set<string> | undefined;
  #isTaken: ((name: string) => boolean) | undefined;
  #nodes: Set<string> | undefined;

  private constructor(model: Model) {
    this.#model = model;
  }

  static of(model: Model): NameSource {
    return new NameSource(model);
  }

  /** Asks for the names of the main graph, which is being edited, instead of collecting them from the model. */
  follow(isTaken: (name: string) => boolean): void {
    this.#isTaken = isTaken;
  }

  /** `hint` itself if it is free, else `hint_1`, `hint_2` … The name is taken from now on. */
  fresh(hint: string): string {
    this.#taken ??= collectNames(this.#model, this.#isTaken === undefined);
    let name = hint;
    for (let i = this.#next.get(hint) ?? 1; name === '' || this.#knows(name); i++) {
      name = `${hint}_${i}`;
      this.#next.set(hint, i + 1);
    }
    this.#taken.add(name);
    return name;
  }

  /** A name for a node that no node has: `hint` itself, else `hint_1`, `hint_2` … Engines refuse twins. */
  freshNode(hint: string): string {
    this.#nodes ??= nodeNames(this.#model);
    let name = hint;
    for (let i = 1; this.#nodes.has(name); i++) name = `${hint}_${i}`;
    this.#nodes.add(name);
    return name;
  }

  #knows(name: string): boolean {
    return this.#taken!.has(name) || this.#isTaken?.(name) === true;
  }
}

function nodeNames({ graph, functions }: Model): Set<string> {
  const found = new Set<string>();
  const collect = (nodes: Graph['nodes'], depth: number): void => {
    if (depth > maxGraphDepth) return;
    for (const node of nodes) {
      if (node.name) found.add(node.name);
      for (const inner of subgraphsOf(node)) collect(inner.nodes, depth + 1);
    }
  };
  for (const { nodes } of [graph, ...functions]) collect(nodes, 0);
  return found;
}

/** Names of functions and subgraphs, and of the main graph itself unless somebody else knows them. */
function collectNames(model: Model, withMain: boolean): Set<string> {
  const taken = new Set<string>();
  if (withMain) namesIn(model.graph, taken);
  else for (const node of model.graph.nodes) for (const inner of subgraphsOf(node)) namesIn(inner, taken, 1);
  for (const definition of model.functions) {
    for (const name of [...definition.inputs, ...definition.outputs]) taken.add(name);
    for (const node of definition.nodes) {
      for (const name of [...node.inputs, ...node.outputs]) taken.add(name);
      for (const inner of subgraphsOf(node)) namesIn(inner, taken, 1);
    }
  }
  return taken;
}
