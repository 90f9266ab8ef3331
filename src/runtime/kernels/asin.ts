import { unary } from '../elementwise.ts';

/** y = asin x */
export const asin = unary('Asin', { versions: [7, 22], apply: Math.asin });
