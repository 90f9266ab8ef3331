import { floats, minifloats } from '../dtypes.ts';
import { unary } from '../elementwise.ts';

/** Whether x is NaN. */
export const isNan = unary('IsNaN', {
  versions: [9, 13, 20],
  of: [...floats, ...minifloats],
  gives: 'bool',
  apply: (x) => (Number.isNaN(x) ? 1 : 0),
});
