import { allocateCells, cellsOf, makeArray, type NdArray, normalAxis, productOf } from '../array.ts';
import { copyRun } from '../copy.ts';
import { indices, movable } from '../dtypes.ts';
import { indexList } from '../indexing.ts';
import { kernel } from '../kernel.ts';

/** Slices of an array along an axis, picked by indices; negative indices count from the end. */
export const gather = kernel('Gather', {
  versions: [1, 11, 13],
  types: 'T, I -> T',
  where: { T: movable, I: indices },
  run: ({ attributes, inputs: [x, picks] }) =>
    gatherAlong(x!, normalAxis(attributes.axis, x!.dims.length), picks!),
});

/** The slices along an axis that the indices name, in the shape of the indices. */
export function gatherAlong(x: NdArray, axis: number, picks: NdArray): NdArray {
  const length = x.dims[axis]!;
  const chosen = indexList(picks, length);
  const dims = [...x.dims.slice(0, axis), ...picks.dims, ...x.dims.slice(axis + 1)];
  const inner = productOf(x.dims, axis + 1);
  const outer = productOf(x.dims, 0, axis);
  const target = allocateCells(x.dtype, dims, 'overwritten');
  const source = cellsOf(x);
  let to = 0;
  for (let row = 0; row < outer; row++) {
    for (const index of chosen) {
      copyRun(source, (row * length + index) * inner, target, to, inner);
      to += inner;
    }
  }
  return makeArray(x.dtype, dims, target);
}
