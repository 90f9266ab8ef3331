import { allocateCells, arrayOf, cellsOf, integersOf, makeArray } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The upper or lower triangle of each matrix, from the k-th diagonal on; zeros elsewhere. */
export const trilu = kernel('Trilu', {
  versions: [14],
  types: 'T, int64 -> T',
  where: { T: movable.filter((dtype) => dtype !== 'string') },
  run({ attributes: { upper }, inputs: [x, diagonal] }) {
    const k = diagonal === undefined ? 0 : integersOf(diagonal)[0]!;
    const { dims, dtype } = x!;
    const [rows = 1, columns = 1] = dims.slice(-2);
    const source = cellsOf(x!);
    const target = allocateCells(dtype, dims);
    const zero = cellsOf(arrayOf(dtype, [], [0]))[0]!;
    for (let i = 0; i < target.length; i++) {
      const offset = (i % columns) - (Math.floor(i / columns) % rows) - k;
      target[i] = (upper === 1 ? offset >= 0 : offset <= 0) ? source[i]! : zero;
    }
    return makeArray(dtype, dims, target);
  },
});
