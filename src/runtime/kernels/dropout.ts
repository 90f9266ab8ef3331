import { ModelError } from '../../support/errors.ts';
import { allocateCells, makeArray } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** What Dropout does outside of training: nothing. The mask, where it is read, is all true. */
export const dropout = kernel('Dropout', {
  versions: [1, 6, 7, 10, 12, 13, 22],
  types: 'T, R, bool -> T, ?',
  where: { T: floats, R: floats },
  outputTypes: ({ inputs: [x], version }) => [x, version < 10 ? x : 'bool'],
  run({ attributes, inputs: [x, ratio, training], version, wants }) {
    const old = attributes as { is_test?: number };
    const trains = version < 7 ? old.is_test !== 1 : training?.data[0] === 1;
    if (trains && (ratio === undefined || ratio.data[0] !== 0)) {
      throw new ModelError(
        'unsupported-attribute',
        'Dropout in training mode draws random numbers; it is not run.',
        {
          fix: 'Export the model in evaluation mode.',
        },
      );
    }
    if (!wants(1)) return x!;
    const dtype = version < 10 ? x!.dtype : 'bool';
    const mask = allocateCells(dtype, x!.dims);
    for (let i = 0; i < mask.length; i++) mask[i] = 1;
    return [x!, makeArray(dtype, x!.dims, mask)];
  },
});
