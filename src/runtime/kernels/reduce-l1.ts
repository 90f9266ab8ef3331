import { numeric } from '../dtypes.ts';
import { absoluteSumOver, reduction } from '../reduce.ts';

/** Σ |x| */
export const reduceL1 = reduction('ReduceL1', {
  versions: [1, 11, 13, 18],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: absoluteSumOver,
});
