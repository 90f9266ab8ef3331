import { ModelError } from '../../support/errors.ts';
import { integersOf } from '../array.ts';
import { indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { itemsOf, sequenceOf } from '../values.ts';

/** A sequence with one more element, at a position or at its end. */
export const sequenceInsert = kernel('SequenceInsert', {
  versions: [11],
  types: '*, *, I -> ?',
  where: { I: indices },
  run({ inputs: [sequence, item, position] }) {
    const items = itemsOf(sequence);
    const given = position === undefined ? items.length : integersOf(position)[0]!;
    const at = given < 0 ? given + items.length : given;
    if (at < 0 || at > items.length) {
      throw new ModelError(
        'index-out-of-range',
        `Nothing can be put at ${given} of a sequence of ${items.length} elements.`,
      );
    }
    return sequenceOf(items.toSpliced(at, 0, item!));
  },
});
