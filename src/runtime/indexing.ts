import { ModelError } from '../support/errors.ts';
import { integersOf, type NdArray } from './array.ts';

/**
 * Indices into an axis of a given length, counted from the front.
 *
 * @throws ModelError `index-out-of-range`
 */
export function indexList(indices: NdArray, length: number): number[] {
  return integersOf(indices).map((index) => normalIndex(index, length));
}

export function normalIndex(index: number, length: number): number {
  const normal = index < 0 ? index + length : index;
  if (normal >= 0 && normal < length) return normal;
  throw new ModelError('index-out-of-range', `Index ${index} is outside an axis of length ${length}.`);
}
