import { allocateCells, cellsOf, makeArray, type NdArray, stridesOf } from './array.ts';
import { collapseAxes, forEachRow } from './broadcast.ts';
import { copyRun, stepCopier } from './copy.ts';

/**
 * Copies elements of an array into a fresh one of dims `out`: element (i, j, …) comes from
 * `start + i·strides[0] + j·strides[1] + …`. Strides may be zero (repeat) or negative (reverse).
 */
export function copyStrided(
  x: NdArray,
  out: readonly number[],
  strides: readonly number[],
  start = 0,
): NdArray {
  const source = cellsOf(x);
  const target = allocateCells(x.dtype, out, 'overwritten');
  const { dims, walks } = collapseAxes(out, [strides]);
  const inner = dims.at(-1)!;
  const step = walks[0]!.at(-1)!;
  const copy = stepCopier(source, target);
  forEachRow(dims, walks, (positions, row) => {
    const from = start + positions[0]!;
    if (step === 1) copyRun(source, from, target, row * inner, inner);
    else copy(from, step, row * inner, inner);
  });
  return makeArray(x.dtype, out, target);
}

/** Pieces of the given lengths along an axis, one after another. */
export function cut(x: NdArray, axis: number, parts: readonly number[]): NdArray[] {
  const strides = stridesOf(x.dims);
  let start = 0;
  return parts.map((length) => {
    const dims = x.dims.map((d, i) => (i === axis ? length : d));
    const part = copyStrided(x, dims, strides, start * strides[axis]!);
    start += length;
    return part;
  });
}
