import { allocateNumbers, makeArray, type NdArray, numbersOf } from './array.ts';

/**
 * (x − mean) / √(variance + ε) · gain + offset over runs of neighbouring elements, all in double precision.
 *
 * @param run length of a run
 * @param gainAt gain and offset of an element by its position
 */
export function normalizeRuns(
  x: NdArray,
  run: number,
  epsilon: number,
  gainAt: (position: number) => number,
  offsetAt: (position: number) => number,
): NdArray {
  const source = numbersOf(x);
  const target = allocateNumbers(x.dtype, x.dims);
  for (let start = 0; start < source.length; start += run) {
    let sum = 0;
    for (let i = start; i < start + run; i++) sum += source[i]!;
    const mean = sum / run;
    let squares = 0;
    for (let i = start; i < start + run; i++) squares += (source[i]! - mean) ** 2;
    const factor = 1 / Math.sqrt(squares / run + epsilon);
    for (let i = start; i < start + run; i++)
      target[i] = (source[i]! - mean) * factor * gainAt(i) + offsetAt(i);
  }
  return makeArray(x.dtype, x.dims, target);
}
