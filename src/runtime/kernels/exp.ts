import { unary } from '../elementwise.ts';

/** y = e^x */
export const exp = unary('Exp', { versions: [1, 6, 13], apply: Math.exp });
