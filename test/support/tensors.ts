import type { Tensor } from '../../src/ir/index.ts';

/** Tensors as `toEqual` can look into them, element by element: it sees the sign of zero, and NaN equals NaN. */
export function valuesIn(tensors: ReadonlyMap<string, Tensor>): readonly unknown[] {
  return [...tensors].map(([name, tensor]) => ({
    name,
    dtype: tensor.dtype,
    dims: tensor.dims,
    values: tensor.dtype === 'string' ? tensor.toStrings() : [...tensor.toTypedArray()],
  }));
}
