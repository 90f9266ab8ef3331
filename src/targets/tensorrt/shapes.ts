import { findDataType, type Node, type Type } from '../../ir/index.ts';
import { constantOf } from '../../ops/index.ts';
import type { Network } from './network.ts';

/** Lengths of a value as far as they are known; absent when the rank is not. */
export function lengthsOf(network: Network, value: string): readonly (number | undefined)[] | undefined {
  const constant = constantOf(network.view, value);
  return constant?.dims ?? shapeOf(network.types?.typeOf(value));
}

/** How many elements a value has; absent when a length is not known. */
export function elementsOf(network: Network, value: string): number | undefined {
  return lengthsOf(network, value)?.reduce<number | undefined>(
    (product, length) => (product === undefined || length === undefined ? undefined : product * length),
    1,
  );
}

/** Bytes of an element of a value; float32's where the type is not known. */
export function elementBytesOf(network: Network, value: string): number {
  const type = network.types?.typeOf(value);
  const bits = type?.kind === 'tensor' ? findDataType(type.elemType)?.bits : undefined;
  return (bits ?? 32) / 8;
}

/** Whether a constant has one value for each channel that `core` makes, or one for all. */
export function channelConstant(network: Network, core: Node, value: string): boolean {
  const dims = lengthsOf(network, value);
  if (dims === undefined) return false;
  const isImage = core.opType === 'Conv' || core.opType === 'ConvTranspose';
  const rank = lengthsOf(network, core.outputs[0] ?? '')?.length ?? (isImage ? 4 : 2);
  const channelAxis = isImage ? 1 : rank - 1;
  return (
    dims.length <= rank && dims.every((length, i) => length === 1 || i + rank - dims.length === channelAxis)
  );
}

function shapeOf(type: Type | undefined): readonly (number | undefined)[] | undefined {
  return type?.kind === 'tensor' ? type.shape?.map(({ value }) => value) : undefined;
}
