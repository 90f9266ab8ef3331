import { binary } from '../elementwise.ts';

/** a or b. */
export const or = binary('Or', { versions: [1, 7], of: ['bool'], apply: (a, b) => a | b });
