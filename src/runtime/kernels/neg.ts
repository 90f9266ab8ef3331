import { floats, signed } from '../dtypes.ts';
import { unary } from '../elementwise.ts';

/** y = −x */
export const neg = unary('Neg', {
  versions: [1, 6, 13],
  of: [...floats, ...signed],
  wide: (x) => -x,
  apply: (x) => -x,
});
