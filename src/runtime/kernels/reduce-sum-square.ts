import { numeric } from '../dtypes.ts';
import { reduction, squareSumOver } from '../reduce.ts';

/** Σ x² */
export const reduceSumSquare = reduction('ReduceSumSquare', {
  versions: [1, 11, 13, 18],
  axesAsInputFrom: 18,
  of: numeric,
  reduce: squareSumOver,
});
