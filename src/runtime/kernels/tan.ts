import { unary } from '../elementwise.ts';

/** y = tan x */
export const tan = unary('Tan', { versions: [7, 22], apply: Math.tan });
