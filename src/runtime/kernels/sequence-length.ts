import { arrayOf } from '../array.ts';
import { kernel } from '../kernel.ts';
import { itemsOf } from '../values.ts';

/** How many elements a sequence has. */
export const sequenceLength = kernel('SequenceLength', {
  versions: [11],
  types: '* -> int64',
  run: ({ inputs: [sequence] }) => arrayOf('int64', [], [itemsOf(sequence).length]),
});
