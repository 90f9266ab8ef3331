import type { SparseTensor } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import {
  allocateCells,
  cellsOf,
  fromTensor,
  integersOf,
  makeArray,
  type NdArray,
  stridesOf,
} from './array.ts';

/** The dense array a sparse tensor stands for: zeros, and its values at linear or coordinate indices. */
export function densify(sparse: SparseTensor): NdArray {
  const { values, indices, dims } = sparse;
  if (values === undefined || indices === undefined)
    throw new ModelError('bad-sparse-tensor', 'A sparse tensor has no values or no indices.');
  const source = cellsOf(fromTensor(values));
  const positions = integersOf(fromTensor(indices));
  const target = allocateCells(values.dtype, dims);
  const strides = stridesOf(dims);
  const perValue = indices.dims.length === 2 ? dims.length : 1;
  for (let i = 0; i < source.length; i++) {
    let position = 0;
    for (let k = 0; k < perValue; k++)
      position += positions[i * perValue + k]! * (perValue === 1 ? 1 : strides[k]!);
    if (!(position >= 0 && position < target.length)) {
      throw new ModelError('bad-sparse-tensor', `Sparse index ${position} is outside [${dims}].`);
    }
    target[position] = source[i]!;
  }
  return makeArray(values.dtype, dims, target);
}
