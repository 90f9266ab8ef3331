import type { NdArray } from '../array.ts';
import { kernel } from '../kernel.ts';
import { sequenceOf } from '../values.ts';

/** A sequence of its inputs. */
export const sequenceConstruct = kernel('SequenceConstruct', {
  versions: [11],
  types: '*... -> ?',
  run: ({ inputs }) => sequenceOf([...inputs] as NdArray[]),
});
