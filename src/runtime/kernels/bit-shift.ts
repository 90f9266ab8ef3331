import { isWide } from '../array.ts';
import { unsigned } from '../dtypes.ts';
import { opaque, zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** Bits moved to the left or right; bits moved out are lost. */
export const bitShift = kernel('BitShift', {
  versions: [11, 28],
  types: 'T, T -> T',
  where: { T: unsigned },
  run({ attributes: { direction }, inputs: [x, shift] }) {
    const left = direction === 'LEFT';
    // In double precision a shift of 32 or more would wrap; multiplying does not.
    const narrow = (v: number, by: number) =>
      left ? (by > 31 ? 0 : (v << by) >>> 0) : Math.floor(v / 2 ** by);
    const wide = (v: bigint, by: bigint) => (by > 63n ? 0n : left ? v << by : v >> by);
    return zipElements(x!, shift!, x!.dtype, isWide(x!.dtype) ? opaque(wide) : narrow);
  },
});
