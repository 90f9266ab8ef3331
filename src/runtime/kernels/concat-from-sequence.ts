import { ModelError } from '../../support/errors.ts';
import { normalAxis } from '../array.ts';
import { concatenate } from '../concatenate.ts';
import { kernel } from '../kernel.ts';
import { stack } from '../stack.ts';
import { itemsOf } from '../values.ts';

/** Joins the elements of a sequence along an axis, a new one if asked for. */
export const concatFromSequence = kernel('ConcatFromSequence', {
  versions: [11],
  types: '* -> ?',
  run({ attributes: { axis, new_axis }, inputs: [sequence] }) {
    const items = itemsOf(sequence);
    const first = items[0];
    if (first === undefined) throw new ModelError('shape-mismatch', 'An empty sequence has nothing to join.');
    return new_axis === 1
      ? stack(items, normalAxis(axis, first.dims.length, 1))
      : concatenate(items, normalAxis(axis, first.dims.length));
  },
});
