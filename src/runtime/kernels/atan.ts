import { unary } from '../elementwise.ts';

/** y = atan x */
export const atan = unary('Atan', { versions: [7, 22], apply: Math.atan });
