import { numeric } from '../dtypes.ts';
import { reduction, sumOver } from '../reduce.ts';

/** Σ x */
export const reduceSum = reduction('ReduceSum', {
  versions: [1, 11, 13],
  axesAsInputFrom: 13,
  of: numeric,
  reduce: sumOver,
});
