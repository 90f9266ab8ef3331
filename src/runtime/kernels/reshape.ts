import { ModelError } from '../../support/errors.ts';
import { integersOf, type NdArray, productOf, reshaped, sizeOf } from '../array.ts';
import { anything } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The same elements in another shape: 0 copies a length (unless `allowzero`), one −1 is worked out. */
export const reshape = kernel('Reshape', {
  versions: [5, 13, 14, 19, 21, 23, 24, 25],
  types: 'T, int64 -> T',
  where: { T: anything },
  run: ({ attributes: { allowzero }, inputs: [x, shape] }) =>
    reshaped(x!, resolve(x!, integersOf(shape!), allowzero === 1)),
});

export const reshape1 = kernel('Reshape', {
  versions: [1],
  types: 'T -> T',
  where: { T: anything },
  run: ({ attributes: { shape }, inputs: [x] }) => reshaped(x!, resolve(x!, shape ?? [], false)),
});

function resolve(x: NdArray, shape: readonly number[], allowZero: boolean): number[] {
  const size = sizeOf(x);
  const dims = shape.map((length, i) => (length === 0 && !allowZero ? (x.dims[i] ?? 0) : length));
  const free = dims.indexOf(-1);
  if (free >= 0) {
    const rest = productOf(dims.filter((_, i) => i !== free));
    dims[free] = rest === 0 ? 0 : size / rest;
  }
  if (dims.some((d) => d < 0 || !Number.isInteger(d)) || productOf(dims) !== size) {
    throw new ModelError(
      'shape-mismatch',
      `[${x.dims}] with ${size} elements cannot take the shape [${shape}].`,
    );
  }
  return dims;
}
