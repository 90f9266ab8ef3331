import { unary } from '../elementwise.ts';

/** y = acosh x */
export const acosh = unary('Acosh', { versions: [9, 22], apply: Math.acosh });
