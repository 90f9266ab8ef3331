import { indices, movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { scatterAlong } from './scatter-elements.ts';

/** The older name of ScatterElements. */
export const scatter = kernel('Scatter', {
  versions: [9, 11],
  types: 'T, I, T -> T',
  where: { T: movable, I: indices },
  run: ({ attributes, inputs: [x, picks, updates] }) =>
    scatterAlong(x!, picks!, updates!, attributes.axis, 'none'),
});
