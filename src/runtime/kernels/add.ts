import { numeric } from '../dtypes.ts';
import { binary } from '../elementwise.ts';

/** c = a + b; integers wrap. */
export const add = binary('Add', {
  versions: [1, 6, 7, 13, 14],
  of: numeric,
  apply: (a, b) => a + b,
  loop(x, p, stepX, y, q, stepY, z, from, to) {
    for (let i = from; i < to; i++, p += stepX, q += stepY) z[i] = x[p]! + y[q]!;
  },
  wide: (a, b) => a + b,
});
