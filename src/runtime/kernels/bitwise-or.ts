import { integers } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** a or b, bit by bit. */
export const bitwiseOr = binary('BitwiseOr', {
  versions: [18],
  of: integers,
  apply: (a, b) => a | b,
  wide: (a, b) => a | b,
});
