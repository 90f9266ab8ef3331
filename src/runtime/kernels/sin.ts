import { unary } from '../elementwise.ts';

/** y = sin x */
export const sin = unary('Sin', { versions: [7, 22], apply: Math.sin });
