import { type Node, tensor } from '../../../ir/index.ts';
import { type Dim, dtypeOf, type Facts, type Shape, shapeOf } from '../../../ops/index.ts';
import { factsOf } from '../facts.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { isVersion } from './standard-nodes.ts';

const products: ReadonlyMap<string, readonly number[]> = new Map([['MatMul', [1, 9, 13]]]);
const sums: ReadonlyMap<string, readonly number[]> = new Map([['Add', [7, 13, 14]]]);

/**
 * MatMul → Add a bias ⇒ Gemm, between Reshapes where the first factor is no matrix: the bias can then be quantized with the
 * product. Floats are taken as well: float weights of a Gemm between pairs are quantized later.
 */
export function fuseMatMulAdd(graph: WorkGraph): boolean {
  return fusePairs(graph, attentionAround(graph));
}

/**
 * What is kept for a fusion of whole attention blocks; the function given fuses what is left of that once operators have been
 * taken into groups, whose values no inference knows.
 */
export function keepAttention(graph: WorkGraph): () => void {
  const isEmpty = attentionAround(graph).size === 0;
  const facts = isEmpty ? undefined : factsOf(graph);
  return () => {
    if (facts !== undefined) fusePairs(graph, new Set(), facts);
  };
}

function fusePairs(graph: WorkGraph, kept: ReadonlySet<Node>, known?: ReadonlyMap<string, Facts>): boolean {
  const pairs = graph.nodes().flatMap((node) => {
    const add = isVersion(graph, node, products) ? graph.onlyReader(node.outputs[0]!) : undefined;
    return isVersion(graph, add, sums) ? [[node, add] as const] : [];
  });
  if (pairs.length === 0) return false;
  const facts = known ?? factsOf(graph);
  return pairs.filter(([product, add]) => fusePair(graph, facts, product, add, kept)).length > 0;
}

function fusePair(
  graph: WorkGraph,
  facts: ReadonlyMap<string, Facts>,
  product: Node,
  add: Node,
  kept: ReadonlySet<Node>,
): boolean {
  const [a = '', b = ''] = product.inputs;
  // A sum of two products takes one of them.
  if (!graph.session.has(add) || !floats.has(dtypeOf(facts.get(a)) ?? '')) return false;
  const bias = add.inputs.find((input) => input !== product.outputs[0]);
  const [aShape, bShape, biasShape] = [a, b, bias ?? ''].map((name) => shapeOf(facts.get(name)));
  if (bias === undefined || aShape === undefined || bShape?.length !== 2 || biasShape === undefined)
    return false;
  const isMatrix = aShape.length === 2;
  if (!isMatrix) {
    if (![...aShape, ...bShape].every((dim) => typeof dim === 'number' && dim > 0)) return false;
    const norm = graph.producer(a);
    if (kept.has(add) || (norm !== undefined && kept.has(norm))) return false;
  }
  if (!isGemmBias(biasShape, isMatrix ? aShape : undefined, bShape[1])) return false;
  const sources = [product, add];
  const name = product.name || product.outputs[0];
  const [y] = add.outputs as [string];
  graph.remove(product, add);
  if (isMatrix) {
    graph.add(makeNode('Gemm', '', [a, b, bias], [y], [], name), sources);
    return true;
  }
  const dims = aShape as readonly number[];
  const rows = dims.slice(0, -1).reduce((m, n) => m * n, 1);
  const [left, result] = [graph.name(`${a}_rows`), graph.name(`${y}_rows`)];
  const reshape = (from: string, to: string, shape: readonly number[]) =>
    graph.add(
      makeNode(
        'Reshape',
        '',
        [from, graph.store(`${to}_shape`, tensor('int64', [shape.length], shape.map(BigInt)))],
        [to],
      ),
      [],
    );
  reshape(a, left, [rows, dims.at(-1)!]);
  graph.add(makeNode('Gemm', '', [left, b, bias], [result], [], name), sources);
  reshape(result, y, [...dims.slice(0, -1), bShape[1] as number]);
  return true;
}

const floats: ReadonlySet<string> = new Set(['float32', 'float16']);

/** Gemm adds a row, a column or a matrix to all rows. */
function isGemmBias(bias: NonNullable<Shape>, a: Shape, columns: Dim): boolean {
  if (bias.length === 1) return bias[0] === columns && columns !== undefined;
  if (a === undefined || bias.length !== 2) return false;
  const [rows, width] = bias;
  if (rows === 1) return width === columns && columns !== undefined;
  return rows !== undefined && rows === a[0] && (width === 1 || width === columns);
}

/**
 * The LayerNormalization in front of an attention block and the Add behind it, as ONNX Runtime tells one: three products read the
 * former, and its sum with the latter.
 */
function attentionAround(graph: WorkGraph): ReadonlySet<Node> {
  const kept = new Set<Node>();
  for (const norm of graph.nodes()) {
    if (norm.opType !== 'LayerNormalization') continue;
    const readers = graph.readers(norm.outputs[0]!);
    const count = (opType: string) => readers.filter((reader) => reader.opType === opType).length;
    if (count('Add') !== 1 || count('MatMul') !== 3 || count('Shape') !== readers.length - 4) continue;
    const sum = readers.find((reader) => reader.opType === 'Add')!;
    const last = graph.producer(
      sum.inputs.find((input) => input !== norm.outputs[0]),
      'Add',
    );
    if (last !== undefined) kept.add(norm).add(last);
  }
  return kept;
}
