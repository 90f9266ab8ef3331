import { integers } from '../dtypes.ts';
import { unary } from '../elementwise.ts';

/** Every bit turned over. */
export const bitwiseNot = unary('BitwiseNot', {
  versions: [18],
  of: integers,
  wide: (x) => ~x,
  apply: (x) => ~x,
});
