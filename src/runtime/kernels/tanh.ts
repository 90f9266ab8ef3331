import { unary } from '../elementwise.ts';

/** y = tanh x */
export const tanh = unary('Tanh', { versions: [1, 6, 13], apply: Math.tanh });
