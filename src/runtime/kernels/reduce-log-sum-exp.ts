import { numeric } from '../dtypes.ts';
import { logSumExpOver, reduction } from '../reduce.ts';

/** ln Σ e^x, without overflow. */
export const reduceLogSumExp = reduction('ReduceLogSumExp', {
  versions: [1, 11, 13, 18, 28],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: logSumExpOver,
});
