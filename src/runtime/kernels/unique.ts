import { arrayOf, cellsOf, type NdArray, normalAxis, productOf, reshaped, sizeOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { gatherAlong } from './gather.ts';

/** The different elements (or slices along an axis), sorted or in order of appearance, with where they were found. */
export const unique = kernel('Unique', {
  versions: [11, 28],
  types: 'T -> T, int64, int64, int64',
  where: { T: movable },
  run({ attributes, inputs: [given] }) {
    const x = attributes.axis === undefined ? reshaped(given!, [sizeOf(given!)]) : given!;
    const axis = normalAxis(attributes.axis ?? 0, x.dims.length);
    const slices = slicesOf(x, axis);
    const firsts: number[] = [];
    const counts: number[] = [];
    const groups = new Map<string, number>();
    const groupOf = slices.map((slice, i) => {
      const key = JSON.stringify(slice.map(String));
      const known = groups.get(key);
      if (known !== undefined) {
        counts[known]!++;
        return known;
      }
      groups.set(key, firsts.length);
      firsts.push(i);
      return counts.push(1) - 1;
    });
    const order = firsts.map((_, group) => group);
    if (attributes.sorted !== 0) order.sort((a, b) => compare(slices[firsts[a]!]!, slices[firsts[b]!]!));
    const rank = new Map(order.map((group, position) => [group, position]));
    const list = (values: readonly number[]) => arrayOf('int64', [values.length], values);
    return [
      gatherAlong(x, axis, list(order.map((group) => firsts[group]!))),
      list(order.map((group) => firsts[group]!)),
      list(groupOf.map((group) => rank.get(group)!)),
      list(order.map((group) => counts[group]!)),
    ];
  },
});

function slicesOf(x: NdArray, axis: number): number[][] {
  const inner = productOf(x.dims, axis + 1);
  const length = x.dims[axis]!;
  const slices: number[][] = Array.from({ length }, () => []);
  const source = cellsOf(x);
  for (let i = 0; i < source.length; i++) slices[Math.floor(i / inner) % length]!.push(source[i]!);
  return slices;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1;
}
