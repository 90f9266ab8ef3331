import { ModelError } from '../support/errors.ts';
import {
  capturedNames,
  findFunction,
  type GraphView,
  namesRead,
  opsetOf,
  type Surroundings,
  subgraphsOf,
  type Use,
} from './graph-view.ts';
import type { FunctionDefinition, Graph, Node, ValueInfo } from './model.ts';
import type { NameSource } from './names.ts';
import { type Renaming, renameReads, renameWrites } from './rename.ts';
import { duplicateName } from './single-assignment.ts';
import { sortNodes } from './sort.ts';
import type { Tensor } from './tensor.ts';
import { titleOf } from './title.ts';

/**
 * A graph under the knife: a view that follows every change as it is made, at a cost that depends on the change and
 * not on the graph. `finish()` gives the changed graph; the one it started from is untouched.
 */
export class GraphSession implements GraphView {
  readonly outer: GraphView | undefined;
  readonly irVersion: number | undefined;
  readonly names: NameSource;
  readonly #graph: Graph;
  readonly #surroundings: Surroundings;
  readonly #original: ReadonlySet<Node>;
  readonly #removed = new Set<Node>();
  /** Nodes put in front of a node of the graph, and those that came at the end. Removed ones keep their place. */
  readonly #before = new Map<Node, Node[]>();
  readonly #appended: Node[] = [];
  /** The list an inserted node is in. */
  readonly #homes = new Map<Node, Node[]>();
  readonly #producers = new Map<string, Node>();
  readonly #readers = new Map<string, Node | Set<Node>>();
  readonly #operators = new Map<string, number>();
  readonly #initializers: Map<string, Tensor>;
  readonly #declared: Map<string, ValueInfo>;
  readonly #inputs: Map<string, ValueInfo>;
  readonly #outputs: Map<string, number>;
  #changed = false;
  #declarationsChanged = false;

  /** @param order the graph's nodes in the order in which readers of a value are to be told; file order unless given */
  constructor(
    graph: Graph,
    surroundings: Surroundings,
    names: NameSource,
    order: readonly Node[] = graph.nodes,
  ) {
    this.#graph = graph;
    this.#surroundings = surroundings;
    this.outer = surroundings.outer;
    this.irVersion = surroundings.irVersion ?? surroundings.outer?.irVersion;
    this.names = names;
    this.#original = new Set(graph.nodes);
    this.#initializers = new Map(graph.initializers.map((tensor) => [tensor.name ?? '', tensor]));
    this.#inputs = new Map(graph.inputs.map((input) => [input.name, input]));
    this.#outputs = new Map(graph.outputs.map((output, i) => [output.name, i]));
    this.#declared = new Map(
      [...graph.valueInfos, ...graph.outputs, ...graph.inputs].map((info) => [info.name, info]),
    );
    for (const node of order) this.#admit(node);
  }

  /** Whether anything differs from the graph the session started with. */
  get changed(): boolean {
    return this.#changed;
  }

  nodes(): readonly Node[] {
    const nodes: Node[] = [];
    const add = (node: Node) => {
      if (!this.#removed.has(node)) nodes.push(node);
    };
    for (const node of this.#graph.nodes) {
      this.#before.get(node)?.forEach(add);
      add(node);
    }
    this.#appended.forEach(add);
    return nodes;
  }

  has(node: Node): boolean {
    return (this.#original.has(node) || this.#homes.has(node)) && !this.#removed.has(node);
  }

  /** How many nodes of an operator there are now. */
  count(opType: string): number {
    return this.#operators.get(opType) ?? 0;
  }

  producer(value: string): Node | undefined {
    return this.#producers.get(value);
  }

  uses(value: string): readonly Use[] {
    const readers = this.#readers.get(value);
    if (readers === undefined) return [];
    if (!(readers instanceof Set)) return usesBy(readers, value);
    return [...readers].flatMap((node) => usesBy(node, value));
  }

  /** Nodes that read a value, each once. */
  readers(value: string): Iterable<Node> {
    const readers = this.#readers.get(value);
    return readers === undefined ? [] : readers instanceof Set ? readers : [readers];
  }

  /** Number of nodes that read a value. */
  readerCount(value: string): number {
    const readers = this.#readers.get(value);
    return readers === undefined ? 0 : readers instanceof Set ? readers.size : 1;
  }

  initializer(value: string): Tensor | undefined {
    return this.#initializers.get(value);
  }

  input(value: string): ValueInfo | undefined {
    return this.#inputs.get(value);
  }

  /** Whether anything in the graph goes by a name. */
  knows(name: string): boolean {
    return (
      this.#producers.has(name) ||
      this.#readers.has(name) ||
      this.#initializers.has(name) ||
      this.#declared.has(name) ||
      this.#graph.sparseInitializers.some((sparse) => sparse.values?.name === name)
    );
  }

  isOutput(value: string): boolean {
    return this.#outputs.has(value);
  }

  declared(value: string): ValueInfo | undefined {
    return this.#declared.get(value);
  }

  opset(domain: string | undefined): number | undefined {
    return opsetOf(this.#surroundings.opsetImports, domain);
  }

  function(node: Node): FunctionDefinition | undefined {
    return findFunction(this.#surroundings.functions, node);
  }

  /** Adds a node at the end; `finish` puts it where its readers need it. */
  append(node: Node): void {
    this.#attach(node, this.#appended, this.#appended.length);
  }

  /** Puts a node in front of another. */
  insertBefore(node: Node, before: Node): void {
    if (!this.has(before)) throw missing(before);
    const home = this.#homes.get(before);
    if (home !== undefined) {
      this.#attach(node, home, home.indexOf(before));
      return;
    }
    const list = this.#before.get(before) ?? [];
    this.#before.set(before, list);
    this.#attach(node, list, list.length);
  }

  remove(node: Node): void {
    if (!this.has(node)) throw missing(node);
    this.#changed = true;
    this.#removed.add(node);
    this.#forget(node);
  }

  /** Puts another node in a node's place. */
  replace(node: Node, by: Node): void {
    if (node === by) return;
    this.insertBefore(by, node);
    this.#changed = true;
    this.#removed.add(node);
    this.#forget(node);
  }

  addInitializer(tensor: Tensor): void {
    const name = tensor.name ?? '';
    if (name === '' || this.#initializers.has(name) || this.#producers.has(name)) {
      throw new ModelError(
        'duplicate-name',
        `The graph already has a value "${name}"; an initializer of that name cannot be added.`,
      );
    }
    this.#changed = true;
    this.#initializers.set(name, tensor);
  }

  /** Puts another tensor in the place of the initializer of the same name. */
  replaceInitializer(tensor: Tensor): void {
    this.#changed = true;
    this.#initializers.set(tensor.name ?? '', tensor);
  }

  removeInitializer(name: string): void {
    this.#changed = this.#initializers.delete(name) || this.#changed;
  }

  /** Makes every reader of `from` (subgraphs included, graph outputs not) read `to`. Returns the readers' new nodes. */
  rewire(from: string, to: string): readonly Node[] {
    const names: Renaming = new Map([[from, to]]);
    return [...this.readers(from)].map((node) => {
      const changed = renameReads(node, names);
      this.replace(node, changed);
      return changed;
    });
  }

  /** Gives a value made by a node another name, for its producer, its readers and its declarations. */
  rename(from: string, to: string): readonly Node[] {
    const names: Renaming = new Map([[from, to]]);
    const readers = this.rewire(from, to);
    const producer = this.#producers.get(from);
    const changed = producer === undefined ? [] : [renameWrites(producer, names)];
    if (producer !== undefined) this.replace(producer, changed[0]!);
    return [...changed, ...readers];
  }

  /** Declares a value anew, or (undefined) forgets its value_info. Outputs keep their place. */
  declare(name: string, info: ValueInfo | undefined): void {
    this.#declarationsChanged = true;
    this.#changed = true;
    if (info === undefined) this.#declared.delete(name);
    else this.#declared.set(name, info);
  }

  /** The graph as it is now: nodes in a legal order, value_info only of values that still exist. */
  finish(): Graph {
    if (!this.#changed) return this.#graph;
    const graph = this.#graph;
    const nodes = sortNodes(this.nodes(), this.#producers);
    return Object.freeze({
      ...graph,
      nodes: sameList(graph.nodes, nodes),
      initializers: sameList(graph.initializers, [...this.#initializers.values()]),
      outputs: this.#declarationsChanged
        ? sameList(
            graph.outputs,
            graph.outputs.map((output) => this.#declared.get(output.name) ?? output),
          )
        : graph.outputs,
      valueInfos: sameList(graph.valueInfos, this.#remainingInfos()),
      quantizationAnnotations: sameList(
        graph.quantizationAnnotations,
        graph.quantizationAnnotations.filter((annotation) => this.#exists(annotation.tensorName ?? '')),
      ),
    });
  }

  #remainingInfos(): readonly ValueInfo[] {
    return this.#graph.valueInfos.flatMap((info) => {
      const now = this.#declared.get(info.name);
      return now === undefined || !this.#exists(info.name)
        ? []
        : [this.#declarationsChanged && !this.isOutput(info.name) ? now : info];
    });
  }

  #exists(value: string): boolean {
    return this.#producers.has(value) || this.#initializers.has(value) || this.#inputs.has(value);
  }

  #attach(node: Node, list: Node[], position: number): void {
    if (this.has(node)) throw new ModelError('duplicate-node', `${titleOf(node)} is in the graph already.`);
    this.#changed = true;
    this.#removed.delete(node);
    this.#index(node);
    // A node that comes back after it was removed takes its old place; `finish` sees to a legal order.
    if (this.#original.has(node) || this.#homes.has(node)) return;
    list.splice(position, 0, node);
    this.#homes.set(node, list);
  }

  /** A node of the original graph; the session cannot follow values of two sources. */
  #admit(node: Node): void {
    for (const output of node.outputs) {
      if (output === '') continue;
      const isTaken =
        this.#producers.has(output) || this.#initializers.has(output) || this.#inputs.has(output);
      if (isTaken) throw duplicateName(node, output);
    }
    this.#index(node);
  }

  #index(node: Node): void {
    this.#operators.set(node.opType, (this.#operators.get(node.opType) ?? 0) + 1);
    for (const output of node.outputs) if (output !== '') this.#producers.set(output, node);
    for (const name of namesRead(node)) this.#addReader(name, node);
  }

  #forget(node: Node): void {
    this.#operators.set(node.opType, this.#operators.get(node.opType)! - 1);
    for (const output of node.outputs) {
      if (this.#producers.get(output) === node) this.#producers.delete(output);
    }
    for (const name of namesRead(node)) this.#dropReader(name, node);
  }

  #addReader(name: string, node: Node): void {
    const readers = this.#readers.get(name);
    if (readers === undefined) this.#readers.set(name, node);
    else if (readers instanceof Set) readers.add(node);
    else if (readers !== node) this.#readers.set(name, new Set([readers, node]));
  }

  #dropReader(name: string, node: Node): void {
    const readers = this.#readers.get(name);
    if (readers === node) this.#readers.delete(name);
    else if (readers instanceof Set) {
      readers.delete(node);
      if (readers.size === 0) this.#readers.delete(name);
    }
  }
}

function usesBy(node: Node, value: string): Use[] {
  const uses: Use[] = [];
  for (let index = 0; index < node.inputs.length; index++)
    if (node.inputs[index] === value) uses.push({ node, index });
  for (const inner of subgraphsOf(node))
    if (capturedNames(inner).includes(value)) uses.push({ node, index: -1 });
  return uses;
}

function sameList<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  return before.length === after.length && before.every((item, i) => item === after[i])
    ? before
    : Object.freeze(after);
}

function missing(node: Node): ModelError {
  return new ModelError('no-such-node', `${titleOf(node)} is not in the graph (any more).`, {
    fix: 'Edits name nodes of the model they are applied to; look the node up again after earlier edits.',
  });
}
