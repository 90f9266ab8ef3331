import { globalPool } from '../global-pool.ts';
import { largestOver } from '../reduce.ts';

/** The largest element of each channel. */
export const globalMaxPool = globalPool('GlobalMaxPool', [1, 22], (x, axes) => largestOver(x, axes, true));
