import { ModelError } from '../../support/errors.ts';
import { sameDims } from '../array.ts';
import { floats } from '../dtypes.ts';
import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = a·σ(α·a)·b */
export const swiGlu = kernel('SwiGLU', {
  versions: [28],
  types: 'T, T -> T',
  where: { T: floats },
  run({ attributes: { alpha }, inputs: [a, b] }) {
    if (!sameDims(a!.dims, b!.dims))
      throw new ModelError('shape-mismatch', `SwiGLU does not broadcast [${a!.dims}] and [${b!.dims}].`);
    return zipElements(a!, b!, a!.dtype, (x, y) => (x / (1 + Math.exp(-alpha * x))) * y);
  },
});
