import { unary } from '../elementwise.ts';

/** y = cosh x */
export const cosh = unary('Cosh', { versions: [9, 22], apply: Math.cosh });
