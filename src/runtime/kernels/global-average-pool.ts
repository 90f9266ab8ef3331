import { globalPool } from '../global-pool.ts';
import { meanOver } from '../reduce.ts';

/** The average of each channel. */
export const globalAveragePool = globalPool('GlobalAveragePool', [1, 22], (x, axes) =>
  meanOver(x, axes, true),
);
