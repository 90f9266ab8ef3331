import { numeric } from '../dtypes.ts';
import { meanOver, reduction } from '../reduce.ts';

/** Σ x / count */
export const reduceMean = reduction('ReduceMean', {
  versions: [1, 11, 13, 18],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: meanOver,
});
