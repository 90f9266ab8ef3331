import { ModelError } from '../../support/errors.ts';
import { integersOf, type NdArray, normalAxis, stridesOf } from '../array.ts';
import { indices, movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { copyStrided } from '../strided.ts';

/** Every step-th element from start to end (exclusive) along some axes; negative positions count from the end. */
export const slice = kernel('Slice', {
  versions: [10, 11, 13],
  types: 'T, I, I, I, I -> T',
  where: { T: movable, I: indices },
  run: ({ inputs: [x, starts, ends, axes, steps] }) =>
    sliced(x!, integersOf(starts!), integersOf(ends!), axes && integersOf(axes), steps && integersOf(steps)),
});

/** The same with attributes, before version 10. */
export const slice1 = kernel('Slice', {
  versions: [1],
  types: 'T -> T',
  where: { T: movable },
  run: ({ attributes: { starts, ends, axes }, inputs: [x] }) =>
    sliced(x!, starts ?? [], ends ?? [], axes, undefined),
});

function sliced(
  x: NdArray,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] | undefined,
  steps: readonly number[] | undefined,
): NdArray {
  const dims = [...x.dims];
  const strides = stridesOf(x.dims);
  let offset = 0;
  starts.forEach((first, i) => {
    const axis = normalAxis(axes?.[i] ?? i, dims.length);
    const step = steps?.[i] ?? 1;
    if (step === 0) throw new ModelError('bad-step', 'A slice cannot have a step of 0.');
    const length = x.dims[axis]!;
    const clamp = (position: number, low: number, high: number) =>
      Math.max(low, Math.min(high, position < 0 ? position + length : position));
    const start = step > 0 ? clamp(first, 0, length) : clamp(first, 0, length - 1);
    const end = step > 0 ? clamp(ends[i]!, 0, length) : clamp(ends[i]!, -1, length - 1);
    dims[axis] = length === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
    offset += start * strides[axis]!;
    strides[axis]! *= step;
  });
  return copyStrided(x, dims, strides, offset);
}
