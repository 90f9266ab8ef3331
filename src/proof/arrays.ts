import { type DataType, elementCount, type Tensor, valuesOf } from '../ir/index.ts';

/** A tensor whose elements are known by where they come from, or, a constant, by their values: one of the two. */
export interface TermArray {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Numbers of the elements' terms; absent for a constant. */
  readonly terms?: Float64Array;
  readonly constant?: Tensor;
}

/** The elements of a constant that nobody has taken apart. */
export function constantArray(constant: Tensor): TermArray {
  return { dtype: constant.dtype, dims: constant.dims, constant: constant.withName(undefined) };
}

/** The terms of an array; those of a constant are made by `numberOf`, one for each value. */
export function termsOf(
  { dtype, dims, terms, constant }: TermArray,
  numberOf: (dtype: DataType, value: number | bigint) => number,
): Float64Array {
  if (terms !== undefined) return terms;
  const values = valuesOf(constant!) as ArrayLike<number | bigint>;
  return Float64Array.from({ length: elementCount(dims) }, (_, i) => numberOf(dtype, exact(values[i]!)));
}

/** The terms of several arrays one after the other, counted from 1, with the term of a zero in front. */
export function poolOf(arrays: readonly Float64Array[], zero: number): Float64Array {
  const pool = new Float64Array(arrays.reduce((count, { length }) => count + length, 1));
  pool[0] = zero;
  let next = 1;
  for (const array of arrays) {
    pool.set(array, next);
    next += array.length;
  }
  return pool;
}

/** The name two constants share exactly when they are the same value of the same type. */
export function constantKey(dtype: DataType, value: number | bigint): string {
  return `${dtype} ${Object.is(value, -0) ? '-0' : value}`;
}

/** A 64-bit integer as a number where a number holds it exactly. */
function exact(value: number | bigint): number | bigint {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
