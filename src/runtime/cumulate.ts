import { allocate, cellsOf, integersOf, isWide, makeArray, normalAxis, productOf } from './array.ts';
import { numeric } from './dtypes.ts';
import { type Kernel, kernel } from './kernel.ts';

/** Kernel of a running total along an axis, kept in double precision (or bigints), rounded at each store. */
export function cumulative(
  opType: string,
  versions: readonly number[],
  start: 0 | 1,
  combine: (total: number, x: number) => number,
): Kernel {
  return kernel<string>(opType, {
    versions,
    types: 'T, I -> T',
    where: { T: numeric, I: ['int32', 'int64'] },
    run({ attributes: { exclusive, reverse }, inputs: [x, axisInput] }) {
      const { dims, dtype } = x!;
      const axis = normalAxis(integersOf(axisInput!)[0]!, dims.length);
      const length = dims[axis]!;
      const inner = productOf(dims, axis + 1);
      const source = cellsOf(x!);
      const target = allocate(dtype, dims) as unknown as number[];
      const first = (isWide(dtype) ? BigInt(start) : start) as number;
      const lines = length === 0 ? 0 : source.length / length;
      for (let line = 0; line < lines; line++) {
        const begin = Math.floor(line / inner) * length * inner + (line % inner);
        let total = first;
        for (let k = 0; k < length; k++) {
          const at = begin + (reverse === 1 ? length - 1 - k : k) * inner;
          const next = combine(total, source[at]!);
          target[at] = exclusive === 1 ? total : next;
          total = next;
        }
      }
      return makeArray(dtype, dims, target as never);
    },
  });
}
