import { unary } from '../elementwise.ts';

/** y = ⌊x⌋ */
export const floor = unary('Floor', { versions: [1, 6, 13], apply: Math.floor });
