import { kernel } from '../kernel.ts';
import { sequenceOf } from '../values.ts';

/** A sequence without elements. */
export const sequenceEmpty = kernel('SequenceEmpty', {
  versions: [11],
  types: '-> ?',
  run: () => sequenceOf([]),
});
