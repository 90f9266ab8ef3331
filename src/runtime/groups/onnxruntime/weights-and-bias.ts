import { type Node, type Tensor, tensor, valuesOf } from '../../../ir/index.ts';
import { intAttribute, makeAttribute } from '../../../ops/index.ts';
import { saturate } from '../../quantize.ts';
import { isDequantizer, isQuantizer, isScalar, numberOf } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';

const { fround } = Math;

/** Operators whose float constants are quantized where their data comes and goes as codes. */
const weighted = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/**
 * Float weights get an int8 pair over their range, float biases become int32 codes of scale x·w, wherever the data of an operator
 * comes from a dequantizer of one scale and its result goes to a quantizer.
 */
export function quantizeConstants(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes())
    if (weighted.has(node.opType)) changed = quantizeConstantsOf(graph, node) || changed;
  return changed;
}

function quantizeConstantsOf(graph: WorkGraph, given: Node): boolean {
  const [x, w = '', b = ''] = given.inputs;
  const xScale = constantScale(graph, graph.producer(x, 'DequantizeLinear'));
  if (!isScalar(xScale) || !leadsToQuantizer(graph, given)) return false;
  const pair = graph.producer(w, 'DequantizeLinear');
  const weights = pair === undefined ? graph.constant(w) : undefined;
  if (pair === undefined && weights?.dtype !== 'float32') return false;
  const bias = b === '' ? undefined : graph.constant(b);
  if (b !== '' && (bias === undefined || bias.dims.length !== 1)) return false;
  if (pair !== undefined && bias === undefined) return false;
  const wScale = constantScale(graph, pair);
  if (pair !== undefined && !isScalar(wScale) && !suitsBias(given, pair, wScale, bias!)) return false;
  let node = given;
  let scale = wScale;
  if (weights !== undefined) [node, scale] = insertWeightPair(graph, given, weights);
  if (bias !== undefined && bias.dtype === 'float32') insertBias(graph, node, bias, numberOf(xScale), scale!);
  return true;
}

function constantScale(graph: WorkGraph, dequantizer: Node | undefined): Tensor | undefined {
  return isDequantizer(dequantizer) ? graph.constant(dequantizer.inputs[1]) : undefined;
}

/** Whether a result goes to a quantizer alone, with nothing but Relu and Clip between. */
function leadsToQuantizer(graph: WorkGraph, node: Node): boolean {
  for (let at: Node | undefined = node; at !== undefined; ) {
    if (at.outputs.length !== 1) return false;
    const uses = graph.session.uses(at.outputs[0]!);
    if (uses.length !== 1) return false;
    at = uses[0]!.node;
    if (isQuantizer(at)) return true;
    if (at.opType !== 'Relu' && at.opType !== 'Clip') return false;
  }
  return false;
}

/** Whether the scales of the weights are one for each element of the bias. */
function suitsBias(node: Node, pair: Node, scale: Tensor | undefined, bias: Tensor): boolean {
  if (scale === undefined || scale.dims.length !== 1 || scale.size !== bias.size) return false;
  if (intAttribute(pair, 'block_size', 0) !== 0) return false;
  const expected = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
  const axis = intAttribute(pair, 'axis', 1);
  const rank = node.opType === 'Gemm' ? 2 : 4;
  return (axis < 0 ? axis + rank : axis) === expected;
}

function insertWeightPair(graph: WorkGraph, node: Node, weights: Tensor): [Node, Tensor] {
  const { step, zero } = rangeOf(valuesOf(weights) as Float32Array);
  const scale = tensor('float32', [], [step]);
  const codes = Int8Array.from(valuesOf(weights) as Float32Array, (value) =>
    saturate(fround(value / step), zero, -128, 127),
  );
  const name = node.inputs[1]!;
  const inputs = [
    graph.store(`${name}_quantized`, tensor('int8', weights.dims, codes)),
    graph.store(`${name}_scale`, scale),
    graph.store(`${name}_zero_point`, tensor('int8', [], [zero])),
  ];
  const real = graph.name(`${name}_dq`);
  graph.add(makeNode('DequantizeLinear', node.domain ?? '', inputs, [real]), []);
  return [graph.setInput(node, 1, real), scale];
}

/** Scale and zero point of int8 codes over the range of some values and zero. */
function rangeOf(values: Float32Array): { readonly step: number; readonly zero: number } {
  let [low, high] = [0, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const step = high === low ? 1 : fround(fround(high - low) / 255);
  return { step, zero: saturate(fround(-128 - fround(low / step)), 0, -128, 127) };
}

function insertBias(graph: WorkGraph, node: Node, bias: Tensor, xScale: number, wScale: Tensor): void {
  const scales = Float32Array.from(valuesOf(wScale) as Float32Array, (scale) => fround(xScale * scale));
  const codes = Array.from(valuesOf(bias) as Float32Array, (value, i) =>
    saturate(fround(value / scales[i % scales.length]!), 0, -(2 ** 31), 2 ** 31 - 1),
  );
  const name = node.inputs[2]!;
  const inputs = [
    graph.store(`${name}_quantized`, tensor('int32', bias.dims, codes)),
    graph.store(`${name}_scale`, tensor('float32', wScale.dims, scales)),
  ];
  const axis = isScalar(wScale) ? [] : [makeAttribute('axis', 0)];
  const real = graph.name(`${name}_dq`);
  graph.add(makeNode('DequantizeLinear', node.domain ?? '', inputs, [real], axis), []);
  graph.setInput(node, 2, real);
}
