import { unary } from '../elementwise.ts';

/** y = acos x */
export const acos = unary('Acos', { versions: [7, 22], apply: Math.acos });
