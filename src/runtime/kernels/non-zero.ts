import { arrayOf, cellsOf, stridesOf } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The coordinates of all elements that are not zero, in row-major order: one column for each. */
export const nonZero = kernel('NonZero', {
  versions: [9, 13],
  types: 'T -> int64',
  where: { T: [...numeric, 'bool'] },
  run({ inputs: [x] }) {
    const found: number[] = [];
    const source = cellsOf(x!);
    for (let i = 0; i < source.length; i++) if (Number(source[i]) !== 0) found.push(i);
    const strides = stridesOf(x!.dims);
    const rows = strides.map((stride, axis) => found.map((i) => Math.floor(i / stride) % x!.dims[axis]!));
    return arrayOf('int64', [x!.dims.length, found.length], rows.flat());
  },
});
