import { type Node, tensor } from '../../../ir/index.ts';
import { codeRange } from '../../quantize.ts';
import {
  isDequantizer,
  isQuantizer,
  sameTensorScale,
  type TensorScale,
  tensorScaleOf,
} from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

const { fround } = Math;

/**
 * Two pairs in a row become one, Q → DQ → Q′ → DQ′ … ⇒ Q″ → DQ″ …, over the range that both of them let through.
 *
 * The result differs from the literal graph by up to a quantum, as it does in ONNX Runtime.
 */
export function mergeDoublePairs(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes())
    if (isDequantizer(node) && graph.session.has(node)) changed = mergePairsAround(graph, node) || changed;
  return changed;
}

function mergePairsAround(graph: WorkGraph, inner: Node): boolean {
  const first = graph.producer(inner.inputs[0]);
  const second = graph.onlyReader(inner.outputs[0]!);
  if (!isQuantizer(first) || !isQuantizer(second) || second.inputs[0] !== inner.outputs[0]) return false;
  const [codes, inside] = [first.outputs[0]!, second.outputs[0]!];
  if (graph.onlyReader(codes) !== inner || graph.session.isOutput(inside)) return false;
  const a = tensorScaleOf(graph, first);
  const b = tensorScaleOf(graph, second);
  const last = graph.readers(inside);
  if (last.length === 0 || !sameTensorScale(a, tensorScaleOf(graph, inner))) return false;
  if (!last.every((node) => isDequantizer(node) && sameTensorScale(b, tensorScaleOf(graph, node))))
    return false;
  if (!isBytes(a!) || a.dtype !== b!.dtype || a.scaleType !== 'float32' || b!.scaleType !== 'float32')
    return false;
  const same = a.zero === b!.zero && Math.abs(a.scale - b!.scale) < 1e-20;
  const parameters = same ? first.inputs.slice(1) : storeScale(graph, first, commonScale(a, b!));
  graph.remove(inner, second);
  graph.change(first, { inputs: [first.inputs[0]!, ...parameters] });
  for (const node of last) graph.change(node, { inputs: [codes, ...parameters] });
  return true;
}

function isBytes(scale: TensorScale): scale is TensorScale & { dtype: 'int8' | 'uint8' } {
  return scale.dtype === 'int8' || scale.dtype === 'uint8';
}

/** The scale over the intersection of two ranges, in float32 as ONNX Runtime computes it. */
function commonScale(a: TensorScale, b: TensorScale): TensorScale {
  const { min, max } = codeRange(a.dtype!);
  const low = Math.max(fround((min - a.zero) * a.scale), fround((min - b.zero) * b.scale));
  const high = Math.min(fround((max - a.zero) * a.scale), fround((max - b.zero) * b.scale));
  const scale = fround(fround(high - low) / (max - min));
  const zero = fround(min - fround(low / scale));
  return { ...a, scale, zero: Math.sign(zero) * Math.round(Math.abs(zero)) };
}

function storeScale(graph: WorkGraph, node: Node, { scale, zero, dtype }: TensorScale): string[] {
  return [
    graph.store(`${node.outputs[0]}_scale`, tensor('float32', [], [scale])),
    graph.store(`${node.outputs[0]}_zero_point`, tensor(dtype!, [], [zero])),
  ];
}
