import { dataTypeFromCode, findDataType, tensorFromBytes } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { fromTensor, toTensor } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The same bits read as another type of the same width. */
export const bitCast = kernel('BitCast', {
  versions: [26],
  types: 'T -> ?',
  where: { T: movable.filter((dtype) => dtype !== 'string') },
  outputTypes: ({ attributes: { to } }) => [dataTypeFromCode(to as number)],
  run({ attributes, inputs: [x] }) {
    const to = dataTypeFromCode(attributes.to);
    if (findDataType(to)?.bits !== findDataType(x!.dtype)!.bits) {
      throw new ModelError(
        'unsupported-dtype',
        `The bits of ${x!.dtype} cannot be read as ${to}: the widths differ.`,
      );
    }
    return fromTensor(tensorFromBytes(to, x!.dims, toTensor(x!).toBytes()));
  },
});
