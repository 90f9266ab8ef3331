import { numeric } from '../dtypes.ts';
import { unary } from '../elementwise.ts';

/** −1, 0 or 1; NaN stays. */
export const sign = unary('Sign', {
  versions: [9, 13],
  of: numeric,
  wide: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  apply: Math.sign,
});
