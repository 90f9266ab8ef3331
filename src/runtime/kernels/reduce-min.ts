import { numeric } from '../dtypes.ts';
import { reduction, smallestOver } from '../reduce.ts';

/** The smallest element; booleans from version 20 on. */
export const reduceMin = reduction('ReduceMin', {
  versions: [1, 11, 12, 13, 18, 20],
  axesAsInputFrom: 18,
  of: [...numeric, 'bool'],
  reduce: smallestOver,
});
