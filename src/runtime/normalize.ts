import { ModelError } from '../support/errors.ts';
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

/**
 * The number of channels of [N, C, …].
 *
 * @throws ModelError `shape-mismatch` without a channel axis, or when a parameter has not one value for each (or `wanted` values)
 */
export function channelsOf(x: NdArray, parameters: readonly NdArray[], wanted?: number): number {
  const channels = x.dims[1];
  if (channels === undefined) throw new ModelError('shape-mismatch', `[${x.dims}] has no axis of channels.`);
  for (const { data, dims } of parameters) {
    if (data.length !== (wanted ?? channels)) {
      throw new ModelError(
        'shape-mismatch',
        `x [${x.dims}] needs ${wanted ?? channels} scales and biases, but one is [${dims}].`,
      );
    }
  }
  return channels;
}
