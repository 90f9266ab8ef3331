import { allocateNumbers, makeArray, type NdArray, normalAxis, numbersOf, productOf } from './array.ts';
import type { KernelCall } from './kernel.ts';

/**
 * Applies a function to each vector along `axis`; before version 13 to the array seen as a matrix whose rows begin at `axis`.
 *
 * @param transform gets one vector in double precision and changes it in place
 */
export function alongAxis(
  { attributes, inputs, version }: KernelCall,
  transform: (vector: Float64Array) => void,
): NdArray {
  const x = inputs[0]!;
  const { dims } = x;
  const axis = coercionAxis(attributes['axis'] as number, dims.length, version);
  const length = version < 13 ? productOf(dims, axis) : dims[axis]!;
  const inner = version < 13 ? 1 : productOf(dims, axis + 1);
  const source = numbersOf(x);
  const target = allocateNumbers(x.dtype, dims);
  const vector = new Float64Array(length);
  const count = length === 0 ? 0 : target.length / length;
  for (let v = 0; v < count; v++) {
    const start = Math.floor(v / inner) * length * inner + (v % inner);
    for (let i = 0; i < length; i++) vector[i] = source[start + i * inner]!;
    transform(vector);
    for (let i = 0; i < length; i++) target[start + i * inner] = vector[i]!;
  }
  return makeArray(x.dtype, dims, target);
}

/** Before version 13 the matrix may begin behind the last axis; a negative axis counts from the end all the same. */
function coercionAxis(axis: number, rank: number, version: number): number {
  return version < 13 && axis === rank ? rank : normalAxis(axis, rank);
}

/** Largest element; exponentials of differences to it never overflow. */
export function largestIn(vector: Float64Array): number {
  let best = -Infinity;
  for (const value of vector) if (value > best) best = value;
  return best;
}
