import { ModelError } from '../../support/errors.ts';
import { allocateCells, arrayOf, cellsOf, integersOf, makeArray, normalAxis, stridesOf } from '../array.ts';
import { collapseAxes, forEachRow } from '../broadcast.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Crops and zero-pads axes around their centre to given lengths. */
export const centerCropPad = kernel('CenterCropPad', {
  versions: [18],
  types: 'T, I -> T',
  where: { T: movable, I: ['int32', 'int64'] },
  run({ attributes, inputs: [x, shape] }) {
    const { dims, dtype } = x!;
    const wanted = integersOf(shape!);
    const axes = attributes.axes?.map((axis) => normalAxis(axis, dims.length)) ?? dims.map((_, axis) => axis);
    if (axes.length !== wanted.length)
      throw new ModelError('shape-mismatch', `${axes.length} axes cannot take the lengths [${wanted}].`);
    const out = [...dims];
    axes.forEach((axis, i) => {
      out[axis] = wanted[i]!;
    });
    const kept = dims.map((length, i) => Math.min(length, out[i]!));
    const begin = (from: number, to: number) => Math.floor(Math.max(0, from - to) / 2);
    const sourceStrides = stridesOf(dims);
    const targetStrides = stridesOf(out);
    const from = dims.reduce((sum, length, i) => sum + begin(length, out[i]!) * sourceStrides[i]!, 0);
    const to = out.reduce((sum, length, i) => sum + begin(length, dims[i]!) * targetStrides[i]!, 0);
    const target = allocateCells(dtype, out);
    const zero = cellsOf(arrayOf(dtype, [], [dtype === 'string' ? '' : 0]))[0]!;
    for (let i = 0; i < target.length; i++) target[i] = zero;
    const source = cellsOf(x!);
    const box = collapseAxes(kept, [sourceStrides, targetStrides]);
    const [stepFrom, stepTo] = box.walks.map((walk) => walk.at(-1)!) as [number, number];
    forEachRow(box.dims, box.walks, ([p, q]) => {
      for (let i = 0; i < box.dims.at(-1)!; i++)
        target[to + q! + i * stepTo] = source[from + p! + i * stepFrom]!;
    });
    return makeArray(dtype, out, target);
  },
});
