import { argument } from '../arg.ts';

/** Where the largest element along an axis is. */
export const argMax = argument('ArgMax', (candidate, best) => candidate > best);
