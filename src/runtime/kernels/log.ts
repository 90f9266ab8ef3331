import { unary } from '../elementwise.ts';

/** y = ln x */
export const log = unary('Log', { versions: [1, 6, 13], apply: Math.log });
