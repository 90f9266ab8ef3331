import { unary } from '../elementwise.ts';

/** y = x / (1 + |x|) */
export const softsign = unary('Softsign', { versions: [1, 22], apply: (x) => x / (1 + Math.abs(x)) });
