import { ModelError } from '../../support/errors.ts';
import {
  allocate,
  allocateCells,
  cellsOf,
  integersOf,
  makeArray,
  type NdArray,
  normalAxis,
  productOf,
} from '../array.ts';
import { numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The k largest (or smallest) elements along an axis, best first, and where they are; of equals the first wins. */
export const topK = kernel('TopK', {
  versions: [10, 11, 24],
  types: 'T, int64 -> T, int64',
  where: { T: numeric },
  run: ({ attributes: { axis, largest }, inputs: [x, k] }) =>
    best(x!, integersOf(k!)[0]!, axis, largest !== 0),
});

export const topK1 = kernel('TopK', {
  versions: [1],
  types: 'T -> T, int64',
  where: { T: numeric },
  run: ({ attributes, inputs: [x] }) => best(x!, attributes.k as number, attributes.axis, true),
});

function best(x: NdArray, k: number, axisGiven: number, largest: boolean): NdArray[] {
  const axis = normalAxis(axisGiven, x.dims.length);
  const length = x.dims[axis]!;
  if (k < 0 || k > length)
    throw new ModelError('shape-mismatch', `There are no ${k} best of ${length} elements.`);
  const dims = x.dims.map((d, i) => (i === axis ? k : d));
  const inner = productOf(x.dims, axis + 1);
  const outer = productOf(x.dims, 0, axis);
  const source = cellsOf(x);
  const values = allocateCells(x.dtype, dims);
  const positions = allocate('int64', dims) as BigInt64Array;
  const order = Array.from({ length }, (_, i) => i);
  for (let line = 0; line < outer * inner; line++) {
    const row = Math.floor(line / inner);
    const start = row * length * inner + (line % inner);
    const at = (i: number) => source[start + i * inner]!;
    const better = (a: number, b: number) => (at(a) === at(b) ? a - b : at(a) > at(b) === largest ? -1 : 1);
    const sorted = order.toSorted(better);
    for (let i = 0; i < k; i++) {
      const to = row * k * inner + (line % inner) + i * inner;
      values[to] = at(sorted[i]!);
      positions[to] = BigInt(sorted[i]!);
    }
  }
  return [makeArray(x.dtype, dims, values), makeArray('int64', dims, positions)];
}
