import type { Node } from '../../../ir/index.ts';
import { isDequantizer, isQuantizer, tensorScaleOf } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

/** The scale of a quantizer or dequantizer that TensorRT takes for activations: int8, symmetric, one for the tensor. */
export function symmetricScale(graph: WorkGraph, node: Node | undefined): number | undefined {
  if (!isQuantizer(node) && !isDequantizer(node)) return undefined;
  const scale = tensorScaleOf(graph, node);
  if (scale === undefined || scale.zero !== 0 || !(scale.scale > 0) || scale.scaleType !== 'float32')
    return undefined;
  // A zero point that is missing is taken for int8, unless the codes say otherwise.
  return scale.dtype === 'int8' || (!scale.hasZero && scale.dtype === undefined) ? scale.scale : undefined;
}

/** The one symmetric quantizer that reads a value, if nobody else does. */
export function onlyQuantizer(graph: WorkGraph, value: string): Node | undefined {
  const reader = graph.onlyReader(value);
  return isQuantizer(reader) && reader.inputs[0] === value && symmetricScale(graph, reader) !== undefined
    ? reader
    : undefined;
}

/** The symmetric dequantizer that makes a value. */
export function symmetricSource(graph: WorkGraph, value: string | undefined): Node | undefined {
  const producer = graph.producer(value, 'DequantizeLinear');
  return symmetricScale(graph, producer) === undefined ? undefined : producer;
}
