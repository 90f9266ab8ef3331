import { numeric } from '../dtypes.ts';
import { normOver, reduction } from '../reduce.ts';

/** √Σ x² */
export const reduceL2 = reduction('ReduceL2', {
  versions: [1, 11, 13, 18],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: normOver,
});
