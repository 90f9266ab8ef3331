import { arrayOf, sizeOf } from '../array.ts';
import { kernel } from '../kernel.ts';

/** How many elements a value has. */
export const size = kernel('Size', {
  versions: [1, 13, 19, 21, 23, 24, 25],
  types: '* -> int64',
  run: ({ inputs: [x] }) => arrayOf('int64', [], [sizeOf(x!)]),
});
