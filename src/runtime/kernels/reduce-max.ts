import { numeric } from '../dtypes.ts';
import { largestOver, reduction } from '../reduce.ts';

/** The largest element; booleans from version 20 on. */
export const reduceMax = reduction('ReduceMax', {
  versions: [1, 11, 12, 13, 18, 20],
  axesAsInputFrom: 18,
  of: [...numeric, 'bool'],
  reduce: largestOver,
});
