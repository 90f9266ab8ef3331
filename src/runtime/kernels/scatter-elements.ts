import { ModelError } from '../../support/errors.ts';
import { cellsOf, makeArray, type NdArray, normalAxis, stridesOf } from '../array.ts';
import { indices, movable } from '../dtypes.ts';
import { indexList } from '../indexing.ts';
import { kernel } from '../kernel.ts';
import { copyOf, scatterReduction } from '../scatter.ts';

/** A copy of x in which each update is put at its own place, but with the index along one axis looked up. */
export const scatterElements = kernel('ScatterElements', {
  versions: [11, 13, 16, 18],
  types: 'T, I, T -> T',
  where: { T: movable, I: indices },
  run: ({ attributes, inputs: [x, picks, updates] }) =>
    scatterAlong(x!, picks!, updates!, attributes.axis, attributes.reduction ?? 'none'),
});

/** Puts `updates` into a copy of x. */
export function scatterAlong(
  x: NdArray,
  picks: NdArray,
  updates: NdArray,
  axisGiven: number,
  reduction: string,
): NdArray {
  const axis = normalAxis(axisGiven, x.dims.length);
  const { dims } = picks;
  const fits =
    dims.length === x.dims.length &&
    dims.every((d, i) => d === updates.dims[i] && (i === axis || d <= x.dims[i]!));
  if (!fits) {
    throw new ModelError(
      'shape-mismatch',
      `Indices [${dims}] and updates [${updates.dims}] do not fit x [${x.dims}] along axis ${axis}.`,
    );
  }
  const chosen = indexList(picks, x.dims[axis]!);
  const combine = scatterReduction(reduction, x.dtype);
  const target = copyOf(x);
  const source = cellsOf(updates);
  const strides = stridesOf(x.dims);
  const index = new Array<number>(dims.length).fill(0);
  for (let i = 0; i < source.length; i++) {
    let at = 0;
    for (let k = 0; k < index.length; k++) at += (k === axis ? chosen[i]! : index[k]!) * strides[k]!;
    target[at] = combine(target[at]!, source[i]!);
    for (let k = dims.length - 1; k >= 0 && ++index[k]! === dims[k]; k--) index[k] = 0;
  }
  return makeArray(x.dtype, x.dims, target);
}
