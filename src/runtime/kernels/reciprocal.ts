import { unary } from '../elementwise.ts';

/** y = 1 / x */
export const reciprocal = unary('Reciprocal', { versions: [1, 6, 13], apply: (x) => 1 / x });
