import { type Node, tensor } from '../../../ir/index.ts';
import { type Dim, type Facts, type Shape, shapeOf } from '../../../ops/index.ts';
import { factsOf } from '../facts.ts';
import { isDequantizer } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';

/**
 * MatMul → Add a bias ⇒ Gemm where both factors are dequantized, between Reshapes where the first is no matrix: the bias can then
 * be quantized with the product.
 */
export function fuseMatMulAdd(graph: WorkGraph): boolean {
  const pairs = graph.nodes().flatMap((node) => {
    const add = node.opType === 'MatMul' ? graph.onlyReader(node.outputs[0]!, 'Add') : undefined;
    const isQuantized = node.inputs.every((input) => isDequantizer(graph.producer(input)));
    return add !== undefined && isQuantized ? [[node, add] as const] : [];
  });
  if (pairs.length === 0) return false;
  const facts = factsOf(graph);
  return pairs.filter(([product, add]) => fusePair(graph, facts, product, add)).length > 0;
}

function fusePair(graph: WorkGraph, facts: ReadonlyMap<string, Facts>, product: Node, add: Node): boolean {
  const [a = '', b = ''] = product.inputs;
  const bias = add.inputs.find((input) => input !== product.outputs[0]);
  const [aShape, bShape, biasShape] = [a, b, bias ?? ''].map((name) => shapeOf(facts.get(name)));
  if (bias === undefined || aShape === undefined || bShape?.length !== 2 || biasShape === undefined)
    return false;
  const isMatrix = aShape.length === 2;
  if (
    !isMatrix &&
    (![...aShape, ...bShape].every((dim) => typeof dim === 'number') || isProjection(graph, a))
  )
    return false;
  if (!isGemmBias(biasShape, isMatrix ? aShape : undefined, bShape[1])) return false;
  const sources = [product, add];
  const [y] = add.outputs as [string];
  graph.remove(product, add);
  if (isMatrix) {
    graph.add(makeNode('Gemm', '', [a, b, bias], [y]), sources);
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
  graph.add(makeNode('Gemm', '', [left, b, bias], [result]), sources);
  reshape(result, y, [...dims.slice(0, -1), bShape[1] as number]);
  return true;
}

/** Gemm adds a row, a column or a matrix to all rows. */
function isGemmBias(bias: NonNullable<Shape>, a: Shape, columns: Dim): boolean {
  if (bias.length === 1) return bias[0] === columns && columns !== undefined;
  if (a === undefined || bias.length !== 2) return false;
  const [rows, width] = bias;
  if (rows === 1) return width === columns && columns !== undefined;
  return rows !== undefined && rows === a[0] && (width === 1 || width === columns);
}

/** What attention leaves behind is kept for a fusion of its own. */
function isProjection(graph: WorkGraph, value: string): boolean {
  const reshape = graph.producer(value, 'Reshape');
  const transpose = reshape && graph.producer(reshape.inputs[0], 'Transpose');
  const product = transpose && graph.producer(transpose.inputs[0], 'MatMul');
  return product !== undefined && graph.producer(product.inputs[0], 'Softmax') !== undefined;
}
