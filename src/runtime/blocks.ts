import { ModelError } from '../support/errors.ts';
import { type NdArray, reshaped, stridesOf } from './array.ts';
import { copyStrided } from './strided.ts';

/** An array split into more axes, those put into another order, and the result read with other dims. */
export function rearrange(
  x: NdArray,
  split: readonly number[],
  order: readonly number[],
  dims: readonly number[],
): NdArray {
  const strides = stridesOf(split);
  const moved = copyStrided(
    x,
    order.map((axis) => split[axis]!),
    order.map((axis) => strides[axis]!),
  );
  return reshaped(moved, dims);
}

/** The four dims of an image, where `divides` tells whether the block size fits. */
export function imageDims(
  x: NdArray,
  divides: (channels: number, height: number, width: number) => boolean,
): [number, number, number, number] {
  const [n, c, h, w] = x.dims as [number, number, number, number];
  if (x.dims.length === 4 && divides(c, h, w)) return [n, c, h, w];
  throw new ModelError('shape-mismatch', `[${x.dims}] is no [N, C, H, W] that the block size divides.`);
}

/** [N, C, spatial…] of [N, spatial…, C]. */
export function channelsFirst(x: NdArray): NdArray {
  const rank = x.dims.length;
  return inOrder(x, [0, rank - 1, ...x.dims.map((_, axis) => axis).slice(1, -1)]);
}

/** [N, spatial…, C] of [N, C, spatial…]. */
export function channelsLast(x: NdArray): NdArray {
  return inOrder(x, [0, ...x.dims.map((_, axis) => axis).slice(2), 1]);
}

function inOrder(x: NdArray, order: readonly number[]): NdArray {
  return rearrange(
    x,
    x.dims,
    order,
    order.map((axis) => x.dims[axis]!),
  );
}
