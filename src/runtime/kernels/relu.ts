import { floats, signed } from '../dtypes.ts';
import { unary } from '../elementwise.ts';

/** y = max(x, 0); NaN stays. */
export const relu = unary('Relu', {
  versions: [1, 6, 13, 14],
  of: [...floats, ...signed],
  wide: (x) => (x < 0n ? 0n : x),
  apply: (x) => Math.max(x, 0),
  loop(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = Math.max(x[i]!, 0);
  },
});
