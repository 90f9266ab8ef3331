import { numeric } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** Whether a > b. */
export const greater = binary('Greater', {
  versions: [1, 7, 9, 13],
  of: numeric,
  apply: (a, b) => (a > b ? 1 : 0),
  gives: 'bool',
});
