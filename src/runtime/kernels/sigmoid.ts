import { unary } from '../elementwise.ts';

/** y = 1 / (1 + e^−x) */
export const sigmoid = unary('Sigmoid', { versions: [1, 6, 13], apply: (x) => 1 / (1 + Math.exp(-x)) });
