import { type NdArray, normalAxis } from '../array.ts';
import { concatenate } from '../concatenate.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Joins arrays along an axis (1 unless given, before version 4). */
export const concat = kernel('Concat', {
  versions: [1, 4, 11, 13],
  types: 'T... -> T',
  where: { T: movable },
  run: ({ attributes, inputs }) =>
    concatenate(inputs as readonly NdArray[], normalAxis(attributes.axis ?? 1, inputs[0]!.dims.length)),
});
