import { unary } from '../elementwise.ts';

/** y = asinh x */
export const asinh = unary('Asinh', { versions: [9, 22], apply: Math.asinh });
