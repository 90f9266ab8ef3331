import { kernel } from '../kernel.ts';

/** y = x */
export const identity = kernel('Identity', {
  versions: [1, 13, 14, 16, 19, 21, 23, 24, 25],
  types: '* -> ?',
  outputTypes: ({ inputs: [x] }) => [x],
  run: ({ inputs: [x] }) => x!,
});
