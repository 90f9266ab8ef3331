import { arrayOf } from '../array.ts';
import { kernel } from '../kernel.ts';
import { AbsentValue } from '../values.ts';

/** Whether an optional holds something; an absent input does not. */
export const optionalHasElement = kernel('OptionalHasElement', {
  versions: [15, 18, 28],
  types: '* -> bool',
  run: ({ inputs: [x] }) => arrayOf('bool', [], [x === undefined || x instanceof AbsentValue ? 0 : 1]),
});
