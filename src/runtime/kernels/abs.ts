import { numeric } from '../dtypes.ts';
import { unary } from '../elementwise.ts';

/** y = |x| */
export const abs = unary('Abs', {
  versions: [1, 6, 13],
  of: numeric,
  wide: (x) => (x < 0n ? -x : x),
  apply: Math.abs,
});
