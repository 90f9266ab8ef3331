import { numeric } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** Whether a = b. */
export const equal = binary('Equal', {
  versions: [1, 7, 11, 13, 19],
  of: [...numeric, 'bool', 'string'],
  apply: (a, b) => (a === b ? 1 : 0),
  gives: 'bool',
});
