import { argument } from '../arg.ts';

/** Where the smallest element along an axis is. */
export const argMin = argument('ArgMin', (candidate, best) => candidate < best);
