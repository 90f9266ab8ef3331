import {
  type Attribute,
  GraphSession,
  type Model,
  NameSource,
  type Node,
  sortNodes,
  type Tensor,
} from '../../ir/index.ts';
import { constantOf } from '../../ops/index.ts';
import type { HiddenValue } from './group.ts';

/**
 * The main graph of a model while operators are taken into groups.
 *
 * It remembers which nodes of the given model each of its nodes stands for, so that a fused node can tell what it was made
 * of even after dequantizers were copied and pairs were moved.
 */
export class WorkGraph {
  readonly session: GraphSession;
  readonly #model: Model;
  readonly #sources = new Map<Node, readonly Node[]>();
  /** Dequantizers that were taken out. */
  readonly #removed: Node[] = [];

  constructor(model: Model) {
    this.#model = model;
    this.session = new GraphSession(model.graph, model, NameSource.of(model));
  }

  /** All nodes, producers first. */
  nodes(): readonly Node[] {
    return sortNodes(this.session.nodes());
  }

  /** The nodes of the given model a node stands for. */
  sourcesOf(node: Node): readonly Node[] {
    return this.#sources.get(node) ?? [node];
  }

  /** The tensor a value always is. */
  constant(value: string | undefined): Tensor | undefined {
    return value === undefined || value === '' ? undefined : constantOf(this.session, value);
  }

  /** The node that makes a value, if it is of this operator. */
  producer(value: string | undefined, opType?: string): Node | undefined {
    const node = value === undefined ? undefined : this.session.producer(value);
    return opType === undefined || node?.opType === opType ? node : undefined;
  }

  /** The values that nodes read, once each. */
  readNames(): readonly string[] {
    return distinct([...this.session.nodes()].flatMap(({ inputs }) => inputs));
  }

  /** The nodes that read a value, once for each place where they do. */
  readers(value: string): readonly Node[] {
    return this.session.uses(value).map(({ node }) => node);
  }

  /** The one reader of a value that nobody else reads and that is no output. */
  onlyReader(value: string, opType?: string): Node | undefined {
    const [use, ...others] = this.session.uses(value);
    if (use === undefined || use.index < 0 || others.length > 0 || this.session.isOutput(value))
      return undefined;
    return opType === undefined || use.node.opType === opType ? use.node : undefined;
  }

  add(node: Node, sources: readonly Node[]): Node {
    this.session.append(node);
    this.#sources.set(node, distinct(sources.flatMap((source) => this.sourcesOf(source))));
    return node;
  }

  /** Puts a changed copy in a node's place; it stands for the same nodes. */
  change(node: Node, changes: Partial<Node>): Node {
    const changed = Object.freeze({ ...node, ...changes });
    const sources = this.sourcesOf(node);
    this.session.replace(node, changed);
    this.#sources.set(changed, sources);
    return changed;
  }

  setInput(node: Node, index: number, value: string): Node {
    return this.change(node, { inputs: node.inputs.with(index, value) });
  }

  remove(...nodes: readonly Node[]): void {
    for (const node of nodes) {
      this.session.remove(node);
      if (node.opType === 'DequantizeLinear') this.#removed.push(node);
    }
  }

  /** Dequantized values of the given model that nothing makes any more though their codes are there. */
  hiddenValues(): readonly HiddenValue[] {
    const given = new Set(this.#model.graph.nodes.flatMap(({ outputs }) => outputs));
    return this.#removed.flatMap((node) => {
      const [name = ''] = node.outputs;
      const [codes = '', scale, zero] = node.inputs;
      const isThere = this.session.producer(codes) !== undefined || this.session.input(codes) !== undefined;
      const scales = this.constant(scale);
      if (!given.has(name) || !isThere || this.session.producer(name) !== undefined || scales === undefined)
        return [];
      return [{ name, codes, node, scale: scales, zero: this.constant(zero) }];
    });
  }

  /** Makes the readers of a value, subgraphs included, read another. */
  redirect(from: string, to: string): void {
    const before = [...this.session.readers(from)];
    const after = this.session.rewire(from, to);
    before.forEach((node, i) => {
      this.#sources.set(after[i]!, this.sourcesOf(node));
    });
  }

  /** Takes a node out; what it stood for is part of another from now on. */
  absorb(node: Node, into: Node): void {
    this.#sources.set(into, distinct([...this.sourcesOf(into), ...this.sourcesOf(node)]));
    this.session.remove(node);
  }

  /** A fresh name for a value. */
  name(hint: string): string {
    return this.session.names.fresh(hint);
  }

  /** Stores a tensor under a fresh name. */
  store(hint: string, value: Tensor): string {
    const name = this.name(hint);
    this.session.addInitializer(value.withName(name));
    return name;
  }

  /** The model as it is now, without constants nobody reads, importing `domains` besides. */
  finish(domains: readonly string[]): Model {
    const graph = this.session.finish();
    const read = new Set(graph.outputs.map(({ name }) => name));
    for (const { name } of graph.inputs) read.add(name);
    const isRead = (name: string) => read.has(name) || this.session.readerCount(name) > 0;
    const known = new Set(this.#model.opsetImports.map(({ domain = '' }) => domain));
    const imports = domains
      .filter((domain) => !known.has(domain) && graph.nodes.some((node) => node.domain === domain))
      .map((domain) => ({ domain, version: 1 }));
    return Object.freeze({
      ...this.#model,
      opsetImports: [...this.#model.opsetImports, ...imports],
      graph: {
        ...graph,
        initializers: graph.initializers.filter(({ name = '' }) => isRead(name)),
      },
    });
  }
}

/** A node with nothing but what it computes. */
export function makeNode(
  opType: string,
  domain: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Attribute[] = [],
  name?: string,
): Node {
  const last = inputs.findLastIndex((input) => input !== '');
  return Object.freeze({
    ...(name === undefined ? {} : { name }),
    opType,
    domain,
    inputs: inputs.slice(0, last + 1),
    outputs,
    attributes,
    metadata: [],
    deviceConfigurations: [],
  });
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
