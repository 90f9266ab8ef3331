import { numeric } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** c = a + b; integers wrap. */
export const add = binary('Add', {
  versions: [1, 6, 7, 13, 14],
  of: numeric,
  apply: (a, b) => a + b,
  wide: (a, b) => a + b,
});
