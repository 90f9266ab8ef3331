import { ModelError } from '../../support/errors.ts';
import { allocate, makeArray, type NdArray, productOf } from '../array.ts';
import { bytes, floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { type PoolAttributes, pool, poolWindow, type WindowTaps } from '../pool.ts';
import { largestCodes } from '../pool-codes.ts';
import { hasEmptyWindow, largestOfPlane, poolPlanes, suitsPlanes } from '../pool-planes.ts';
import type { Window } from '../window.ts';

/**
 * The largest element of each window, and where it is. Padding never wins. Indices count over the whole input, row-major
 * or (`storage_order` 1) column-major within each channel.
 */
export const maxPool = kernel('MaxPool', {
  versions: [1, 8, 10, 11, 12, 22],
  types: 'T -> T, int64',
  where: { T: [...floats, ...bytes] },
  run({ attributes, inputs: [x], wants }) {
    if (!wants(1)) return largestInWindows(x!, attributes);
    const { spatial, window } = poolWindow(x!, attributes);
    checkWindows(spatial, window);
    const place = attributes.storage_order === 1 ? columnMajor(spatial) : (position: number) => position;
    const found: number[] = [];
    const y = pool(x!, attributes, (source, base, taps, output) => {
      const at = argumentOfLargest(source, base, taps);
      found[output] = base + place(at);
      return source[base + at]!;
    });
    const indices = allocate('int64', y.dims) as BigInt64Array;
    for (let i = 0; i < indices.length; i++) indices[i] = BigInt(found[i]!);
    return [y, makeArray('int64', y.dims, indices)];
  },
});

/** The largest element of each window. */
export function largestInWindows(x: NdArray, attributes: PoolAttributes): NdArray {
  const { spatial, window } = poolWindow(x, attributes);
  checkWindows(spatial, window);
  if (!suitsPlanes(spatial, window)) return pool(x, attributes, largest);
  const areCodes = x.dtype === 'int8' || x.dtype === 'uint8';
  return areCodes ? largestCodes(x, window) : poolPlanes(x, window, largestOfPlane);
}

function checkWindows(spatial: readonly number[], window: Window): void {
  if (!hasEmptyWindow(spatial, window)) return;
  throw new ModelError(
    'bad-window',
    'A window of MaxPool sees nothing but padding, which has no largest element.',
    { fix: 'Pad by less than the length of the window.' },
  );
}

/** The largest of the taps; NaN is larger than any. */
export function largest(source: ArrayLike<number>, base: number, { positions, count }: WindowTaps): number {
  let best = source[base + positions[0]!]!;
  for (let t = 1; t < count; t++) {
    const value = source[base + positions[t]!]!;
    if (value > best || Number.isNaN(value)) best = value;
  }
  return best;
}

function argumentOfLargest(
  source: ArrayLike<number>,
  base: number,
  { positions, count }: WindowTaps,
): number {
  let best = positions[0]!;
  for (let t = 1; t < count; t++)
    if (source[base + positions[t]!]! > source[base + best]!) best = positions[t]!;
  return best;
}

/** Turns a row-major position within a channel into the column-major one. */
function columnMajor(spatial: readonly number[]): (position: number) => number {
  const sizes = spatial.map((_, i) => productOf(spatial, 0, i));
  return (position) => {
    let rest = position;
    let result = 0;
    for (let axis = spatial.length - 1; axis >= 0; axis--) {
      result += (rest % spatial[axis]!) * sizes[axis]!;
      rest = Math.floor(rest / spatial[axis]!);
    }
    return result;
  };
}
