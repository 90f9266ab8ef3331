import { ModelError } from '../support/errors.ts';
import { allocateCells, cellsOf, makeArray, type NdArray, productOf } from './array.ts';
import { copyRun } from './copy.ts';

/**
 * Arrays joined along an axis.
 *
 * @throws ModelError `shape-mismatch` when other axes differ
 */
export function concatenate(inputs: readonly NdArray[], axis: number): NdArray {
  const first = inputs[0]!;
  const dims = [...first.dims];
  dims[axis] = 0;
  for (const input of inputs) {
    const fits = input.dims.length === dims.length && input.dims.every((d, i) => i === axis || d === dims[i]);
    if (!fits) {
      throw new ModelError(
        'shape-mismatch',
        `[${first.dims}] and [${input.dims}] cannot be joined along axis ${axis}; other axes differ.`,
      );
    }
    dims[axis] += input.dims[axis]!;
  }
  const target = allocateCells(first.dtype, dims, 'overwritten');
  const inner = productOf(dims, axis + 1);
  const outer = productOf(dims, 0, axis);
  let offset = 0;
  for (const input of inputs) {
    const source = cellsOf(input);
    const run = input.dims[axis]! * inner;
    for (let row = 0; row < outer; row++)
      copyRun(source, row * run, target, row * dims[axis]! * inner + offset, run);
    offset += run;
  }
  return makeArray(first.dtype, dims, target);
}
