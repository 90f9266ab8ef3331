import { integers } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** a and b, bit by bit. */
export const bitwiseAnd = binary('BitwiseAnd', {
  versions: [18],
  of: integers,
  apply: (a, b) => a & b,
  wide: (a, b) => a & b,
});
