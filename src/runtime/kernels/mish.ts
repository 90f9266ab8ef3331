import { unary } from '../elementwise.ts';

/** y = x · tanh(ln(1 + e^x)) */
export const mish = unary('Mish', {
  versions: [18, 22],
  apply: (x) => x * Math.tanh(x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))),
});
