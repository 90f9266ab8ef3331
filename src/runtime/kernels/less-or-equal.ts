import { numeric } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** Whether a ≤ b. */
export const lessOrEqual = binary('LessOrEqual', {
  versions: [12, 16],
  of: numeric,
  apply: (a, b) => (a <= b ? 1 : 0),
  gives: 'bool',
});
