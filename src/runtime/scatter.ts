import type { DataType } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import type { NdArray } from './array.ts';

/** How a scattered element meets the one that is there. */
export function scatterReduction(
  reduction: string,
  dtype: DataType,
): (old: number, update: number) => number {
  switch (reduction) {
    case 'none':
      return (_, update) => update;
    case 'add':
      return (old, update) => old + update;
    case 'mul':
      return dtype === 'int32' || dtype === 'uint32' ? Math.imul : (old, update) => old * update;
    case 'max':
      return larger;
    case 'min':
      return (old, update) => (larger(old, update) === old ? update : old);
    default:
      throw new ModelError('unsupported-attribute', `There is no scatter reduction "${reduction}".`);
  }
}

/** Math.max takes no bigints, which a cell may be. */
function larger(a: number, b: number): number {
  if (b > a) return b;
  return a;
}

/** A copy of an array's elements, to scatter into. */
export function copyOf(x: NdArray): number[] {
  const data = x.data as { slice(): unknown };
  return data.slice() as number[];
}
