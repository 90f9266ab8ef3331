import { allocateCells, cellsOf, integersOf, makeArray } from '../array.ts';
import { floats } from '../dtypes.ts';
import { normalIndex } from '../indexing.ts';
import { kernel } from '../kernel.ts';
import { perAxis } from '../window.ts';

/**
 * Puts elements back where MaxPool took them from; zeros elsewhere. Indices count in the output that the attributes
 * lead to, also where another output shape is asked for.
 */
export const maxUnpool = kernel('MaxUnpool', {
  versions: [9, 11, 22],
  types: 'T, int64, int64 -> T',
  where: { T: floats },
  run({ attributes, inputs: [x, places, shape] }) {
    const rank = x!.dims.length - 2;
    const kernelShape = attributes.kernel_shape;
    const strides = perAxis('strides', attributes.strides, rank, 1);
    const pads = perAxis('pads', attributes.pads, 2 * rank, 0);
    const natural = x!.dims.map((length, i) =>
      i < 2
        ? length
        : (length - 1) * strides[i - 2]! - pads[i - 2]! - pads[i - 2 + rank]! + kernelShape[i - 2]!,
    );
    const dims = shape === undefined ? natural : integersOf(shape);
    const target = allocateCells(x!.dtype, dims);
    const source = cellsOf(x!);
    integersOf(places!).forEach((place, i) => {
      target[normalIndex(rebase(place, natural, dims), target.length)] = source[i]!;
    });
    return makeArray(x!.dtype, dims, target);
  },
});

/** A row-major position in an array of other dims. */
function rebase(position: number, from: readonly number[], to: readonly number[]): number {
  let rest = position;
  let result = 0;
  let stride = 1;
  for (let axis = from.length - 1; axis >= 0; axis--) {
    result += (rest % from[axis]!) * stride;
    rest = Math.floor(rest / from[axis]!);
    stride *= to[axis]!;
  }
  return result;
}
