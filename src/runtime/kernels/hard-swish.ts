import { unary } from '../elementwise.ts';

/** y = x · max(0, min(1, x / 6 + 1/2)) */
export const hardSwish = unary('HardSwish', {
  versions: [14, 22],
  apply: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
});
