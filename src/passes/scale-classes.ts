import { isDequantize, isQuantize } from '../analysis/index.ts';
import type { Graph, GraphView, Node } from '../ir/index.ts';
import { constantOf, normalDomain, plainAttributes, quantizersPass, stringAttribute } from '../ops/index.ts';

export interface JoinOptions {
  /** Whether the two inputs of an Add share a scale when both are quantized right in front of it; no unless said. */
  readonly residualAdds?: boolean | undefined;
  /** Whether a nearest-neighbour Resize copies: not every engine moves quantizers across one; no unless said. */
  readonly resize?: boolean | undefined;
  /** Whether the values around a Concat share a scale; yes for each unless said. */
  readonly concat?: ((view: GraphView, node: Node) => boolean) | undefined;
}

/** An operator that hands its elements on: the values around it have to share one scale. */
export interface Join {
  readonly node: Node;
  readonly values: readonly string[];
}

/** Values that are one and the same range, as far as integer code can tell, and what ties them together. */
export interface ScaleClass {
  /** QuantizeLinear nodes that read the values, and DequantizeLinear nodes that make one out of something else. */
  readonly quantizers: readonly Node[];
  /** The operators between the quantizers; those that lead to none are left out. */
  readonly joins: readonly Join[];
  /** The values between the quantizers. */
  readonly values: readonly string[];
}

/**
 * Partitions the quantizers of a graph: two are in one class when a chain of operators that only hand elements on leads
 * from one to the other – Concat, MaxPool, copies, the quantizers themselves – or when they read one value. Classes and
 * their members come in graph order; which there are does not depend on it.
 */
export function scaleClasses(
  graph: Graph,
  view: GraphView,
  options: JoinOptions = {},
): readonly ScaleClass[] {
  const joins = graph.nodes.flatMap((node) => joinOf(view, node, options) ?? []);
  const sets = new DisjointSets();
  for (const { values } of joins) for (const value of values) sets.union(values[0]!, value);
  const classes = new Map<string, { quantizers: Node[]; joins: Join[] }>();
  for (const node of graph.nodes) {
    const value = quantizedValue(view, node);
    if (value === undefined) continue;
    const root = sets.find(value);
    const found = classes.get(root) ?? { quantizers: [], joins: [] };
    found.quantizers.push(node);
    classes.set(root, found);
  }
  for (const join of joins) classes.get(sets.find(join.values[0]!))?.joins.push(join);
  return [...classes.values()]
    .filter(({ quantizers }) => quantizers.length > 1)
    .map((found) => prune(view, found));
}

/** Whether a node is a Concat or MaxPool: what sharing a scale is for. */
export function isMerging(node: Node): boolean {
  return normalDomain(node.domain) === '' && (node.opType === 'Concat' || node.opType === 'MaxPool');
}

/** The value a quantizer's scale is about; `undefined` for nodes that are none, and for the DQ of a Q. */
export function quantizedValue(view: GraphView, node: Node): string | undefined {
  if (isQuantize(node)) return node.inputs[0] || undefined;
  if (!isDequantize(node)) return undefined;
  const producer = view.producer(node.inputs[0] ?? '');
  return producer !== undefined && isQuantize(producer) ? undefined : node.outputs[0] || undefined;
}

/** The DequantizeLinear nodes that read what a QuantizeLinear makes. */
export function dequantizersOf(view: GraphView, quantize: Node): readonly Node[] {
  return view
    .uses(quantize.outputs[0] ?? '')
    .flatMap(({ node, index }) => (index === 0 && isDequantize(node) ? [node] : []));
}

function joinOf(view: GraphView, node: Node, options: JoinOptions): Join | undefined {
  const between = (...values: readonly (string | undefined)[]): Join => ({
    node,
    values: values.filter((value): value is string => value !== undefined && value !== ''),
  });
  if (isQuantize(node)) {
    return between(node.inputs[0], ...dequantizersOf(view, node).map((dequantize) => dequantize.outputs[0]));
  }
  if (normalDomain(node.domain) !== '' || view.function(node) !== undefined) return undefined;
  if (node.opType === 'Concat')
    return options.concat?.(view, node) === false ? undefined : between(...node.inputs, node.outputs[0]);
  if (node.opType === 'MaxPool') return between(node.inputs[0], node.outputs[0]);
  if (quantizersPass.has(node.opType)) return between(node.inputs[0], ...node.outputs);
  if (node.opType === 'Pad' && padsWithinRange(view, node)) return between(node.inputs[0], node.outputs[0]);
  if (
    node.opType === 'Resize' &&
    options.resize === true &&
    stringAttribute(node, 'mode', 'nearest') === 'nearest'
  )
    return between(node.inputs[0], node.outputs[0]);
  if (
    node.opType === 'Add' &&
    options.residualAdds === true &&
    node.inputs.every((input) => isDequantized(view, input))
  )
    return between(...node.inputs);
  return undefined;
}

/** A Pad adds nothing but what its input has, or zero, which every scale can write. */
function padsWithinRange(view: GraphView, node: Node): boolean {
  const opset = view.opset('');
  const attributes = plainAttributes<string>(node, opset);
  if ((attributes['mode'] ?? 'constant') !== 'constant') return true;
  if ((opset ?? 0) < 11) return (attributes['value'] ?? 0) === 0;
  const value = node.inputs[2] ?? '';
  if (value === '') return true;
  const filling = constantOf(view, value);
  return (
    filling !== undefined &&
    Array.from(filling.toTypedArray() as ArrayLike<number>, Number).every((x) => x === 0)
  );
}

function isDequantized(view: GraphView, value: string): boolean {
  const producer = view.producer(value);
  return (
    producer !== undefined &&
    isDequantize(producer) &&
    constantOf(view, producer.inputs[0] ?? '') === undefined
  );
}

/** Leaves out, from the ends, whatever leads to no quantizer. */
function prune(
  view: GraphView,
  found: { readonly quantizers: readonly Node[]; readonly joins: readonly Join[] },
): ScaleClass {
  const fixed = new Set(found.quantizers.map((node) => quantizedValue(view, node)!));
  const joined = found.joins.map((join) => [join, new Set(join.values)] as const);
  const left = new Map(joined.filter(([, values]) => values.size > 1));
  const touching = new Map<string, Set<Join>>();
  for (const [join, values] of left) {
    for (const value of values) touching.set(value, (touching.get(value) ?? new Set()).add(join));
  }
  const ends = [...touching.keys()];
  for (let value = ends.pop(); value !== undefined; value = ends.pop()) {
    const joins = touching.get(value)!;
    if (fixed.has(value) || joins.size !== 1) continue;
    const [join] = joins;
    const values = left.get(join!)!;
    joins.clear();
    values.delete(value);
    if (values.size > 1) continue;
    left.delete(join!);
    for (const other of values) {
      touching.get(other)!.delete(join!);
      ends.push(other);
    }
  }
  const joins = [...left].flatMap(([{ node }, values]) =>
    values.size > 1 ? [{ node, values: [...values] }] : [],
  );
  const values = [...new Set([...fixed, ...joins.flatMap((join) => join.values)])];
  return { quantizers: found.quantizers, joins, values };
}

class DisjointSets {
  readonly #parents = new Map<string, string>();

  find(value: string): string {
    let root = value;
    for (let next = this.#parents.get(root); next !== undefined; next = this.#parents.get(root)) root = next;
    for (let step = value; step !== root; ) {
      const next = this.#parents.get(step)!;
      this.#parents.set(step, root);
      step = next;
    }
    return root;
  }

  union(a: string, b: string): void {
    const [left, right] = [this.find(a), this.find(b)];
    if (left !== right) this.#parents.set(right, left);
  }
}
