import { numeric } from '../dtypes.ts';
import { logSumOver, reduction } from '../reduce.ts';

/** ln Σ x */
export const reduceLogSum = reduction('ReduceLogSum', {
  versions: [1, 11, 13, 18, 28],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: logSumOver,
});
