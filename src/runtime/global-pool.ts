import type { NdArray } from './array.ts';
import { floats } from './dtypes.ts';
import { type Kernel, kernel } from './kernel.ts';

/** Kernel of a pool over all spatial axes, which stay as axes of length 1. */
export function globalPool(
  opType: string,
  versions: readonly number[],
  reduce: (x: NdArray, axes: readonly number[]) => NdArray,
): Kernel {
  return kernel<string>(opType, {
    versions,
    types: 'T -> T',
    where: { T: floats },
    run: ({ inputs: [x] }) => reduce(x!, x!.dims.map((_, axis) => axis).slice(2)),
  });
}
