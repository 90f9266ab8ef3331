import { cumulative } from '../cumulate.ts';

/** The running sum along an axis. */
export const cumSum = cumulative('CumSum', [11, 14], 0, (total, x) => total + x);
