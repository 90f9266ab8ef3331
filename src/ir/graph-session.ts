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
import { sortNodes } from './sort.ts';
import type { Tensor } from './tensor.ts';

interface Link {
  readonly node: Node;
  previous: Link | undefined;
  next: Link | undefined;
}

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
  readonly #links = new Map<Node, Link>();
  readonly #producers = new Map<string, Node>();
  readonly #readers = new Map<string, Node | Set<Node>>();
  readonly #operators = new Map<string, number>();
  readonly #initializers: Map<string, Tensor>;
  readonly #declared: Map<string, ValueInfo>;
  readonly #inputs: Map<string, ValueInfo>;
  readonly #outputs: Map<string, number>;
  #first: Link | undefined;
  #last: Link | undefined;
  #changed = false;
  #declarationsChanged = false;

  constructor(graph: Graph, surroundings: Surroundings, names: NameSource) {
    this.#graph = graph;
    this.#surroundings = surroundings;
    this.outer = surroundings.outer;
    this.irVersion = surroundings.irVersion ?? surroundings.outer?.irVersion;
    this.names = names;
    this.#initializers = new Map(graph.initializers.map((tensor) => [tensor.name ?? '', tensor]));
    this.#inputs = new Map(graph.inputs.map((input) => [input.name, input]));
    this.#outputs = new Map(graph.outputs.map((output, i) => [output.name, i]));
    this.#declared = new Map(
      [...graph.valueInfos, ...graph.outputs, ...graph.inputs].map((info) => [info.name, info]),
    );
    for (const node of graph.nodes) this.#attach(node, undefined);
  }

  /** Whether anything differs from the graph the session started with. */
  get changed(): boolean {
    return this.#changed;
  }

  *nodes(): Iterable<Node> {
    for (let link = this.#first; link !== undefined; link = link.next) yield link.node;
  }

  has(node: Node): boolean {
    return this.#links.has(node);
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

  /** Puts a node behind `after` (at the very front when undefined is given explicitly, at the end by default). */
  insert(node: Node, after: Node | undefined = this.#last?.node): void {
    this.#changed = true;
    this.#attach(node, after);
  }

  /** Puts a node in front of another. */
  insertBefore(node: Node, before: Node): void {
    this.#changed = true;
    const link = this.#links.get(before);
    if (link === undefined) throw missing(before);
    this.#attach(node, link.previous?.node, link.previous === undefined);
  }

  remove(node: Node): void {
    const link = this.#links.get(node);
    if (link === undefined) throw missing(node);
    this.#changed = true;
    this.#detach(link);
  }

  /** Puts another node in a node's place. */
  replace(node: Node, by: Node): void {
    if (node === by) return;
    const link = this.#links.get(node);
    if (link === undefined) throw missing(node);
    const before = link.previous?.node;
    this.#changed = true;
    this.#detach(link);
    this.#attach(by, before, before === undefined);
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
    const nodes = sortNodes([...this.nodes()], this.#producers);
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

  #attach(node: Node, after: Node | undefined, front = false): void {
    if (this.#links.has(node))
      throw new ModelError('duplicate-node', `Node "${titleOf(node)}" is in the graph already.`);
    const previous = front ? undefined : after === undefined ? this.#last : this.#links.get(after);
    const link: Link = { node, previous, next: previous === undefined ? this.#first : previous.next };
    if (previous === undefined) this.#first = link;
    else previous.next = link;
    if (link.next === undefined) this.#last = link;
    else link.next.previous = link;
    this.#links.set(node, link);
    this.#operators.set(node.opType, (this.#operators.get(node.opType) ?? 0) + 1);
    for (const output of node.outputs) if (output !== '') this.#producers.set(output, node);
    for (const name of namesRead(node)) this.#addReader(name, node);
  }

  #detach(link: Link): void {
    const { node, previous, next } = link;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    this.#links.delete(node);
    this.#operators.set(node.opType, this.#operators.get(node.opType)! - 1);
    for (const output of node.outputs)
      if (this.#producers.get(output) === node) this.#producers.delete(output);
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
  return new ModelError('no-such-node', `Node "${titleOf(node)}" is not in the graph (any more).`, {
    fix: 'Edits name nodes of the model they are applied to; look the node up again after earlier edits.',
  });
}

function titleOf(node: Node): string {
  return node.name || `${node.opType} → ${node.outputs[0] ?? ''}`;
}
