import { binary } from '../elementwise.ts';

/** a xor b. */
export const xor = binary('Xor', { versions: [1, 7], of: ['bool'], apply: (a, b) => a ^ b });
