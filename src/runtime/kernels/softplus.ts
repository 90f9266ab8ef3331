import { unary } from '../elementwise.ts';

/** y = ln(1 + e^x), without overflow for large x. */
export const softplus = unary('Softplus', {
  versions: [1, 22],
  apply: (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))),
});
