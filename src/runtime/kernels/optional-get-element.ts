import { ModelError } from '../../support/errors.ts';
import { kernel } from '../kernel.ts';
import { AbsentValue } from '../values.ts';

/** What an optional holds; a tensor or a sequence is given back as it is. */
export const optionalGetElement = kernel('OptionalGetElement', {
  versions: [15, 18, 28],
  types: '* -> ?',
  outputTypes: ({ inputs: [x] }) => [x],
  run({ inputs: [x] }) {
    if (!(x instanceof AbsentValue)) return x!;
    throw new ModelError('missing-value', 'The optional is empty.', {
      fix: 'Ask OptionalHasElement first.',
    });
  },
});
