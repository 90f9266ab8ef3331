import { unary } from '../elementwise.ts';

/** y = ⌈x⌉ */
export const ceil = unary('Ceil', { versions: [1, 6, 13], apply: Math.ceil });
