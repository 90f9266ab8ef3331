import type { Maker } from '../sketch.ts';
import { casts } from './casts.ts';
import { controlled } from './control.ts';
import { elementwise } from './elementwise.ts';
import { further } from './further.ts';
import { fused } from './fused.ts';
import { layouts } from './layout.ts';
import { learned } from './learned.ts';
import { microsoft } from './microsoft.ts';
import { quantized } from './quantized.ts';
import { recurrent } from './recurrent.ts';
import { sampling } from './sampling.ts';
import { summing } from './sums.ts';
import { textual } from './texts.ts';

/** Everything random graphs are made of. */
export const makers: readonly Maker[] = [
  ...quantized,
  ...microsoft,
  ...fused,
  ...elementwise,
  ...casts,
  ...layouts,
  ...summing,
  ...sampling,
  ...recurrent,
  ...learned,
  ...textual,
  ...controlled,
  ...further,
];
