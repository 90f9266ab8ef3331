import { type Graph, maxGraphDepth, type Node } from '../ir/index.ts';
import { normalDomain } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { Digest } from './digest.ts';
import { tensorDigest } from './tensor-digest.ts';

const orders = new WeakMap<Graph, readonly Node[]>();
const captures = new WeakMap<Graph, readonly string[]>();

/**
 * The nodes of a graph in an order that depends on their wiring alone, not on names or on the order in the file: what
 * the outputs need, depth first in output and input order, then nodes nobody needs, by what they compute. Every value is
 * made before it is read, unless the graph is cyclic.
 *
 * @throws ModelError `too-deep` when subgraphs are nested more than 200 levels
 */
export function canonicalOrder(graph: Graph): readonly Node[] {
  return orderAt(graph, 0);
}

/** Names a graph takes from around it, in the order its canonical nodes read them. */
export function canonicalCaptures(graph: Graph): readonly string[] {
  return capturesAt(graph, 0);
}

/** The graphs in a node's attributes in order of attribute name, which the order in the file does not change. */
export function orderedSubgraphs(node: Node): readonly Graph[] {
  if (!node.attributes.some(({ type }) => type === 'GRAPH' || type === 'GRAPHS')) return [];
  const sorted = [...node.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap((a) => (a.type === 'GRAPH' ? [a.value] : a.type === 'GRAPHS' ? a.value : []));
}

function orderAt(graph: Graph, depth: number): readonly Node[] {
  const known = orders.get(graph) ?? Object.freeze(sortCanonically(graph, depth));
  orders.set(graph, known);
  return known;
}

function capturesAt(graph: Graph, depth: number): readonly string[] {
  const known = captures.get(graph);
  if (known !== undefined) return known;
  if (depth > maxGraphDepth)
    throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
  const own = new Set<string>(['']);
  for (const { name } of graph.inputs) own.add(name);
  for (const { name } of graph.initializers) own.add(name ?? '');
  for (const { values } of graph.sparseInitializers) own.add(values?.name ?? '');
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const found = new Set<string>();
  for (const node of orderAt(graph, depth))
    for (const name of readsAt(node, depth)) if (!own.has(name)) found.add(name);
  for (const { name } of graph.outputs) if (!own.has(name)) found.add(name);
  const names = Object.freeze([...found]);
  captures.set(graph, names);
  return names;
}

function readsAt(node: Node, depth: number): readonly string[] {
  const subgraphs = orderedSubgraphs(node);
  if (subgraphs.length === 0) return node.inputs;
  return [...node.inputs, ...subgraphs.flatMap((inner) => capturesAt(inner, depth + 1))];
}

function sortCanonically(graph: Graph, depth: number): Node[] {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output !== '') producers.set(output, node);
  const walk = new Walk(producers, depth);
  for (const { name } of graph.outputs) walk.from(producers.get(name));
  if (walk.sorted.length === graph.nodes.length) return walk.sorted;
  const live = walk.sorted.length;
  for (const root of deadRoots(graph, producers, walk)) walk.from(root);
  // A cycle has no root; what is left hangs together in circles.
  if (walk.sorted.length < graph.nodes.length) {
    const position = new Map(walk.sorted.map((node, i) => [node, i] as const));
    const rest = graph.nodes.filter((node) => !position.has(node));
    const hashes = structuralHashes(graph, producers, walk.sorted.slice(0, live), depth);
    for (const node of rest.sort(byHash(hashes))) walk.from(node);
  }
  return walk.sorted;
}

/** Depth first through producers, each node once, behind everything it reads. */
class Walk {
  readonly sorted: Node[] = [];
  readonly #seen = new Set<Node>();
  readonly #producers: ReadonlyMap<string, Node>;
  readonly depth: number;

  constructor(producers: ReadonlyMap<string, Node>, depth: number) {
    this.#producers = producers;
    this.depth = depth;
  }

  has(node: Node): boolean {
    return this.#seen.has(node);
  }

  from(root: Node | undefined): void {
    if (root === undefined || this.#seen.has(root)) return;
    const nodes: Node[] = [root];
    const reads: (readonly string[])[] = [readsAt(root, this.depth)];
    const next: number[] = [0];
    this.#seen.add(root);
    while (nodes.length > 0) {
      const top = nodes.length - 1;
      if (next[top]! === reads[top]!.length) {
        this.sorted.push(nodes.pop()!);
        reads.pop();
        next.pop();
        continue;
      }
      const producer = this.#producers.get(reads[top]![next[top]!++]!);
      if (producer === undefined || this.#seen.has(producer)) continue;
      this.#seen.add(producer);
      nodes.push(producer);
      reads.push(readsAt(producer, this.depth));
      next.push(0);
    }
  }
}

/** Dead nodes that no other dead node reads, by what they compute. */
function deadRoots(graph: Graph, producers: ReadonlyMap<string, Node>, walk: Walk): readonly Node[] {
  const dead = graph.nodes.filter((node) => !walk.has(node));
  const read = new Set<Node>();
  for (const node of dead) {
    for (const name of readsAt(node, walk.depth)) {
      const producer = producers.get(name);
      if (producer !== undefined && producer !== node) read.add(producer);
    }
  }
  const roots = dead.filter((node) => !read.has(node));
  return roots.length < 2
    ? roots
    : roots.sort(byHash(structuralHashes(graph, producers, walk.sorted, walk.depth)));
}

function byHash(hashes: ReadonlyMap<Node, string>): (a: Node, b: Node) => number {
  return (a, b) => {
    const [left, right] = [hashes.get(a)!, hashes.get(b)!];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

/** What each dead node computes, as a digest of its operator and of what it reads; live nodes are known by position. */
function structuralHashes(
  graph: Graph,
  producers: ReadonlyMap<string, Node>,
  live: readonly Node[],
  depth: number,
): ReadonlyMap<Node, string> {
  const hashes = new Map<Node, string>(live.map((node, i) => [node, `node ${i}`]));
  const leaves = new Map<string, string>();
  for (const tensor of graph.initializers) leaves.set(tensor.name ?? '', tensorDigest(tensor));
  graph.inputs.forEach(({ name }, i) => {
    leaves.set(name, `input ${i}`);
  });
  const walk = new Walk(producers, depth);
  for (const node of graph.nodes) walk.from(node);
  for (const node of walk.sorted) {
    if (hashes.has(node)) continue;
    const digest = new Digest();
    writeOperator(digest, node);
    for (const name of readsAt(node, depth)) {
      const producer = producers.get(name);
      digest.text(
        producer
          ? `${producer.outputs.indexOf(name)} ${hashes.get(producer) ?? 'cycle'}`
          : (leaves.get(name) ?? ''),
      );
    }
    hashes.set(node, digest.hex());
  }
  return hashes;
}

function writeOperator(digest: Digest, node: Node): void {
  digest.text(`${normalDomain(node.domain)} ${node.opType} ${node.overload ?? ''}`);
  digest.number(node.outputs.length);
  for (const attribute of [...node.attributes].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    digest.text(`${attribute.name} ${attribute.type}`);
    if (attribute.type === 'TENSOR') digest.text(tensorDigest(attribute.value));
    else if (attribute.type === 'GRAPH') digest.number(attribute.value.nodes.length);
    else if (
      !attribute.type.startsWith('GRAPH') &&
      !attribute.type.includes('TENSOR') &&
      !attribute.type.startsWith('TYPE')
    )
      digest.text(String(attribute.value));
  }
}
