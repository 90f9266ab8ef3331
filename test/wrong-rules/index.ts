import { arithmeticExhibits } from './arithmetic.ts';
import type { Exhibit } from './exhibit.ts';
import { graphExhibits } from './graphs.ts';
import { gridExhibits } from './grids.ts';
import { layoutExhibits } from './layout.ts';
import { numberExhibits } from './numbers.ts';
import { quantizerExhibits } from './quantizers.ts';
import { weightExhibits } from './weights.ts';
import { windowExhibits } from './windows.ts';

export type { Exhibit } from './exhibit.ts';

/** Every wrong rule there is, with its right twin. */
export const museum: readonly Exhibit[] = [
  ...quantizerExhibits,
  ...weightExhibits,
  ...graphExhibits,
  ...numberExhibits,
  ...layoutExhibits,
  ...arithmeticExhibits,
  ...windowExhibits,
  ...gridExhibits,
];
