import type { Node } from '../../../ir/index.ts';
import { floatAttribute } from '../../../ops/index.ts';
import { codeRange } from '../../quantize.ts';
import { isQuantizer, numberOf, type TensorScale, tensorScaleOf } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

const { fround } = Math;
const epsilon = 2 ** -23;

/** Takes out each Relu and Clip that its quantizer makes superfluous: saturation does what they do. */
export function removeRedundantActivations(graph: WorkGraph): boolean {
  let changed = false;
  for (const node of graph.nodes()) {
    if (node.opType !== 'Relu' && node.opType !== 'Clip') continue;
    const quantizer = graph.onlyReader(node.outputs[0]!, 'QuantizeLinear');
    if (!isQuantizer(quantizer) || !isRemovable(graph, node, quantizer)) continue;
    graph.redirect(node.outputs[0]!, node.inputs[0]!);
    graph.absorb(node, graph.producer(quantizer.outputs[0])!);
    changed = true;
  }
  return changed;
}

function isRemovable(graph: WorkGraph, node: Node, quantizer: Node): boolean {
  const scale = tensorScaleOf(graph, quantizer);
  if (scale === undefined || !scale.hasZero || (scale.dtype !== 'int8' && scale.dtype !== 'uint8'))
    return false;
  const { min, max } = codeRange(scale.dtype);
  if (node.opType === 'Relu') return scale.zero === min;
  const bounds = clipBounds(graph, node);
  if (bounds === undefined) return false;
  const low = fround(scale.scale * (min - scale.zero));
  const high = fround(scale.scale * (max - scale.zero));
  return bounds.min - low <= epsilon && high - bounds.max <= epsilon;
}

/** Whether saturation to the codes of a quantizer does all that a Relu or Clip before it does. */
export function isMadeRedundant(graph: WorkGraph, node: Node, { scale, zero, dtype }: TensorScale): boolean {
  if (!/^u?int(?:8|16)$/.test(dtype ?? '')) return false;
  const { min, max } = codeRange(dtype!);
  if (node.opType === 'Relu') return zero === min;
  const bounds = clipBounds(graph, node);
  if (bounds === undefined) return false;
  const code = (bound: number) => halfToEven(fround(bound / scale)) + zero;
  return code(bounds.min) <= min && code(bounds.max) >= max;
}

function halfToEven(value: number): number {
  return Math.abs(value) < 2 ** 51 ? value + 6755399441055744 - 6755399441055744 : value;
}

/** The constant bounds of a Clip, whichever version wrote it; `undefined` where one is computed. */
export function clipBounds(graph: WorkGraph, node: Node): { min: number; max: number } | undefined {
  const least = -3.4028234663852886e38;
  if ((graph.session.opset('') ?? 0) < 11)
    return { min: floatAttribute(node, 'min', least), max: floatAttribute(node, 'max', -least) };
  const [, low = '', high = ''] = node.inputs;
  const [min, max] = [graph.constant(low), graph.constant(high)];
  if ((low !== '' && min === undefined) || (high !== '' && max === undefined)) return undefined;
  return { min: min === undefined ? least : numberOf(min), max: max === undefined ? -least : numberOf(max) };
}
