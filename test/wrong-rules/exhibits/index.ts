import { bookkeeping } from './bookkeeping.ts';
import type { Exhibit } from './exhibit.ts';
import { folds } from './folds.ts';
import { grids } from './grids.ts';
import { swaps } from './swaps.ts';

export type { Exhibit } from './exhibit.ts';

/** Every wrong rule of the museum. */
export const exhibits: readonly Exhibit[] = Object.freeze([...swaps, ...grids, ...folds, ...bookkeeping]);
