import { ModelError } from '../../support/errors.ts';
import { integersOf } from '../array.ts';
import { indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { itemsOf, sequenceOf } from '../values.ts';

/** A sequence without the element at a position, or without its last one. */
export const sequenceErase = kernel('SequenceErase', {
  versions: [11],
  types: '*, I -> ?',
  where: { I: indices },
  run({ inputs: [sequence, position] }) {
    const items = itemsOf(sequence);
    const given = position === undefined ? -1 : integersOf(position)[0]!;
    const at = given < 0 ? given + items.length : given;
    if (at < 0 || at >= items.length)
      throw new ModelError(
        'index-out-of-range',
        `A sequence of ${items.length} elements has none at ${given}.`,
      );
    return sequenceOf(items.toSpliced(at, 1));
  },
});
