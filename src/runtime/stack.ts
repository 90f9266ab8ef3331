import type { Type } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { allocateCells, cellsOf, makeArray, type NdArray, productOf, sameDims } from './array.ts';
import { copyRun } from './copy.ts';
import { isArray, kindOf } from './values.ts';

/**
 * Arrays of one shape joined along a new axis.
 *
 * @param type declared type of one array, for when there is none
 */
export function stack(items: readonly NdArray[], axis = 0, type?: Type): NdArray {
  const first = items[0];
  if (first === undefined) {
    const declared = type?.kind === 'tensor' ? type : undefined;
    const dims = (declared?.shape ?? []).map(({ value }) => value ?? 0);
    const all = [...dims.slice(0, axis), 0, ...dims.slice(axis)];
    const dtype = declared?.elemType ?? 'float32';
    return makeArray(dtype, all, allocateCells(dtype, all));
  }
  const inner = productOf(first.dims, axis);
  const outer = productOf(first.dims, 0, axis);
  const dims = [...first.dims.slice(0, axis), items.length, ...first.dims.slice(axis)];
  const target = allocateCells(first.dtype, dims);
  items.forEach((item, n) => {
    if (!isArray(item))
      throw new ModelError('type-mismatch', `What a loop collects are tensors, not ${kindOf(item)}.`);
    if (!sameDims(item.dims, first.dims)) {
      throw new ModelError(
        'shape-mismatch',
        `What a loop collects has to keep its shape; it was [${first.dims}], now it is [${item.dims}].`,
      );
    }
    const source = cellsOf(item);
    for (let row = 0; row < outer; row++)
      copyRun(source, row * inner, target, (row * items.length + n) * inner, inner);
  });
  return makeArray(first.dtype, dims, target);
}

/** The n-th slice along an axis, which it loses. */
export function sliceAt(x: NdArray, axis: number, n: number): NdArray {
  const dims = x.dims.filter((_, i) => i !== axis);
  const inner = productOf(x.dims, axis + 1);
  const length = x.dims[axis]!;
  const source = cellsOf(x);
  const target = allocateCells(x.dtype, dims);
  for (let i = 0; i < target.length; i++)
    target[i] = source[(Math.floor(i / inner) * length + n) * inner + (i % inner)]!;
  return makeArray(x.dtype, dims, target);
}
