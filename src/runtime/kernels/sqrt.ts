import { unary } from '../elementwise.ts';

/** y = √x */
export const sqrt = unary('Sqrt', { versions: [1, 6, 13], apply: Math.sqrt });
