import { numeric } from '../dtypes.ts';
import { productOver, reduction } from '../reduce.ts';

/** Π x */
export const reduceProd = reduction('ReduceProd', {
  versions: [1, 11, 13, 18],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: productOver,
});
