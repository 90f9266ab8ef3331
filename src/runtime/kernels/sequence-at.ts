import { ModelError } from '../../support/errors.ts';
import { integersOf } from '../array.ts';
import { indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { itemsOf } from '../values.ts';

/** The element of a sequence at a position; negative positions count from the end. */
export const sequenceAt = kernel('SequenceAt', {
  versions: [11],
  types: '*, I -> ?',
  where: { I: indices },
  run({ inputs: [sequence, position] }) {
    const items = itemsOf(sequence);
    const at = integersOf(position!)[0]!;
    const item = items[at < 0 ? at + items.length : at];
    if (item !== undefined) return item;
    throw new ModelError('index-out-of-range', `A sequence of ${items.length} elements has none at ${at}.`);
  },
});
