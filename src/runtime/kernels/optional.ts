import { kernel } from '../kernel.ts';
import { AbsentValue } from '../values.ts';

/** A value that may be absent. */
export const optional = kernel('Optional', {
  versions: [15, 28],
  types: '* -> ?',
  outputTypes: ({ inputs: [x] }) => [x],
  run: ({ inputs: [x] }) => x ?? new AbsentValue(),
});
