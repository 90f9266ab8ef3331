import type { Tensor } from '../../ir/index.ts';
import { allocateCells, arrayOf, cellsOf, fromTensor, integersOf, makeArray } from '../array.ts';
import { kernel } from '../kernel.ts';

/** An array of a given shape with one value everywhere; float32 zero unless `value` says otherwise. */
export const constantOfShape = kernel('ConstantOfShape', {
  versions: [9, 20, 21, 23, 24, 25],
  types: 'int64 -> ?',
  outputTypes: ({ attributes }) => [(attributes['value'] as Tensor | undefined)?.dtype ?? 'float32'],
  run({ attributes: { value }, inputs: [shape] }) {
    const element = value === undefined ? arrayOf('float32', [1], [0]) : fromTensor(value);
    const dims = integersOf(shape!);
    const target = allocateCells(element.dtype, dims);
    const cell = cellsOf(element)[0]!;
    for (let i = 0; i < target.length; i++) target[i] = cell;
    return makeArray(element.dtype, dims, target);
  },
});
