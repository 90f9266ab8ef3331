import type { Exhibit } from './exhibit.ts';
import { graphExhibits } from './graphs.ts';
import { numberExhibits } from './numbers.ts';
import { quantizerExhibits } from './quantizers.ts';
import { weightExhibits } from './weights.ts';

export type { Exhibit } from './exhibit.ts';

/** Every wrong rule there is, with its right twin. */
export const museum: readonly Exhibit[] = [
  ...quantizerExhibits,
  ...weightExhibits,
  ...graphExhibits,
  ...numberExhibits,
];
