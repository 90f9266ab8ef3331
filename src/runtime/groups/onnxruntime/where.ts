import { type Node, tensor } from '../../../ir/index.ts';
import { codeRange } from '../../quantize.ts';
import { codeTypeOf, isDequantizer, isQuantizer, numberOf } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';

/** A scalar constant side of a quantized Where becomes an extreme code, of a scale that gives the value exactly. */
export function quantizeWhereConstants(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes())
    if (node.opType === 'Where') changed = quantizeSide(graph, node) || changed;
  return changed;
}

function quantizeSide(graph: WorkGraph, node: Node): boolean {
  const quantizer = graph.onlyReader(node.outputs[0]!, 'QuantizeLinear');
  const sides = [1, 2].map((index) => graph.producer(node.inputs[index]));
  const index = isDequantizer(sides[0]) ? 2 : 1;
  const pair = sides[2 - index];
  const constant = graph.constant(node.inputs[index]);
  if (!isQuantizer(quantizer) || !isDequantizer(pair)) return false;
  if (constant?.dims.length !== 0 || constant.dtype !== 'float32') return false;
  const dtype = codeTypeOf(graph, quantizer);
  if (dtype === undefined || codeTypeOf(graph, pair) !== dtype || pair.inputs.length < 3) return false;
  if (graph.constant(pair.inputs[1])?.dtype !== 'float32') return false;
  const name = node.inputs[index]!;
  const value = numberOf(constant);
  const { min, max } = codeRange(dtype);
  const zero = min < 0 ? 0 : Math.floor(max / 2);
  const code = value > 0 ? max : value === 0 ? zero : min;
  const inputs = [
    graph.store(`${name}_quantized`, tensor(dtype, [], [code])),
    graph.store(
      `${name}_scale`,
      tensor('float32', [], [value === 0 ? 1 : Math.fround(value / (code - zero))]),
    ),
    graph.store(`${name}_zero_point`, tensor(dtype, [], [zero])),
  ];
  const real = graph.name(`${name}_dq`);
  graph.add(makeNode('DequantizeLinear', pair.domain ?? '', inputs, [real]), []);
  graph.setInput(node, index, real);
  return true;
}
