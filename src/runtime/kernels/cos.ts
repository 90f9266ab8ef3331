import { unary } from '../elementwise.ts';

/** y = cos x */
export const cos = unary('Cos', { versions: [7, 22], apply: Math.cos });
