import { type DataType, type Tensor, tensor, valuesOf } from '../ir/index.ts';
import type { TermTable } from './terms.ts';

/** A tensor whose elements are known by where they come from, or, a constant, by their values. */
export interface TermArray {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Numbers of the elements' terms; absent for a constant nobody has taken apart. */
  readonly terms?: Float64Array;
  readonly constant?: Tensor;
}

/** The terms of an array; those of a constant are constants, one for each value. */
export function termsOf(array: TermArray, table: TermTable): Float64Array {
  if (array.terms !== undefined) return array.terms;
  const values = valuesOf(array.constant!) as ArrayLike<number | bigint>;
  return Float64Array.from({ length: values.length }, (_, i) =>
    table.constant(array.dtype, Number(values[i]!)),
  );
}

/** The terms in the array's shape, as a tensor that operators which only move elements can be run on. */
export function termTensor(array: TermArray, table: TermTable): Tensor {
  return tensor('float64', array.dims, termsOf(array, table));
}

/** The number of elements. */
export function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
