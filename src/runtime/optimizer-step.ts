import { ModelError } from '../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf, sameDims } from './array.ts';

/**
 * One step of a training algorithm on any number of tensors: first all tensors, then all gradients, then all states of
 * each kind, and results in the same order.
 *
 * @param kinds how many arrays belong to one tensor; `results` of them are new ones
 * @param update gets an element of each kind and gives what it becomes
 */
export function updateTensors(
  arrays: readonly NdArray[],
  [kinds, results]: readonly [number, number],
  update: (elements: readonly number[]) => readonly number[],
): NdArray[] {
  const count = arrays.length / kinds;
  if (count === 0 || !Number.isInteger(count))
    throw new ModelError('missing-input', `${arrays.length} arrays are not ${kinds} for each tensor.`);
  const updated = Array.from({ length: results * count }, (_, i) => {
    const { dtype, dims } = arrays[i % count]!;
    return makeArray(dtype, dims, allocateNumbers(dtype, dims));
  });
  for (let t = 0; t < count; t++) {
    const given = arrays.filter((_, i) => i % count === t);
    const { dims } = given[0]!;
    const other = given.find((array) => !sameDims(array.dims, dims));
    if (other !== undefined)
      throw new ModelError('shape-mismatch', `A tensor [${dims}] cannot be updated by [${other.dims}].`);
    const sources = given.map(numbersOf);
    const targets = updated.filter((_, i) => i % count === t).map(numbersOf);
    for (let i = 0; i < sources[0]!.length; i++) {
      const made = update(sources.map((source) => source[i]!));
      for (let r = 0; r < results; r++) targets[r]![i] = made[r]!;
    }
  }
  return updated;
}

/** A number among the attributes of a node whose operator has no schema here. */
export function numberAmong(
  attributes: Readonly<Record<string, unknown>>,
  name: string,
  fallback: number,
): number {
  return (attributes[name] as number | undefined) ?? fallback;
}
