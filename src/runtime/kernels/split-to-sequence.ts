import { ModelError } from '../../support/errors.ts';
import { integersOf, type NdArray, normalAxis, reshaped } from '../array.ts';
import { indices, movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { cut } from '../strided.ts';
import { sequenceOf } from '../values.ts';

/** Cuts an array along an axis: into pieces of one length, of the lengths given, or into single slices. */
export const splitToSequence = kernel('SplitToSequence', {
  versions: [11, 24],
  types: 'T, I -> ?',
  where: { T: movable, I: indices },
  run({ attributes, inputs: [x, split] }) {
    const axis = normalAxis(attributes.axis, x!.dims.length);
    const total = x!.dims[axis]!;
    const parts = cut(x!, axis, lengthsOf(total, split));
    if (split !== undefined || attributes.keepdims === 1) return sequenceOf(parts);
    return sequenceOf(parts.map((part) => reshaped(part, part.dims.toSpliced(axis, 1))));
  },
});

function lengthsOf(total: number, split: NdArray | undefined): number[] {
  if (split === undefined) return new Array<number>(total).fill(1);
  const given = integersOf(split);
  if (split.dims.length > 0) {
    if (given.reduce((sum, part) => sum + part, 0) === total && given.every((part) => part >= 0))
      return given;
    throw new ModelError('shape-mismatch', `${total} slices cannot be split into pieces of [${given}].`);
  }
  const length = given[0]!;
  if (length < 1) throw new ModelError('shape-mismatch', `Pieces of ${length} slices cannot be cut.`);
  return Array.from({ length: Math.ceil(total / length) }, (_, i) => Math.min(length, total - i * length));
}
