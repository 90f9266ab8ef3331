import { binary } from '../elementwise.ts';

/** a and b. */
export const and = binary('And', { versions: [1, 7], of: ['bool'], apply: (a, b) => a & b });
