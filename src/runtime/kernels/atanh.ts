import { unary } from '../elementwise.ts';

/** y = atanh x */
export const atanh = unary('Atanh', { versions: [9, 22], apply: Math.atanh });
