import { floats } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** y = x for x ≥ 0, slope·x below. */
export const pRelu = binary('PRelu', {
  versions: [1, 6, 7, 9, 16],
  of: [...floats, 'int32', 'uint32', 'int64', 'uint64'],
  apply: (x, slope) => (x < 0 ? slope * x : x),
  wide: (x, slope) => (x < 0n ? slope * x : x),
  special: { int32: (x, slope) => (x < 0 ? Math.imul(slope, x) : x) },
});
