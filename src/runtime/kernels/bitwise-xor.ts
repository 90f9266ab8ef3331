import { integers } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** a xor b, bit by bit. */
export const bitwiseXor = binary('BitwiseXor', {
  versions: [18],
  of: integers,
  apply: (a, b) => a ^ b,
  wide: (a, b) => a ^ b,
});
