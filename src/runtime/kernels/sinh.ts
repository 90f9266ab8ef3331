import { unary } from '../elementwise.ts';

/** y = sinh x */
export const sinh = unary('Sinh', { versions: [9, 22], apply: Math.sinh });
