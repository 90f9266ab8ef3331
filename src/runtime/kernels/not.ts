import { unary } from '../elementwise.ts';

/** y = ¬x */
export const not = unary('Not', { versions: [1], of: ['bool'], apply: (x) => (x === 0 ? 1 : 0) });
