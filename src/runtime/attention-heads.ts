import { ModelError } from '../support/errors.ts';
import { type NdArray, numbersOf } from './array.ts';
import { rearrange } from './blocks.ts';
import { concatenate } from './concatenate.ts';

/** [batch, heads, length, size] of an array that is it already, or is [batch, length, heads·size]. */
export function splitHeads(x: NdArray, heads: number | undefined): NdArray {
  if (x.dims.length === 4) return x;
  const [batch, length, width] = x.dims as [number, number, number];
  if (x.dims.length !== 3 || !heads || width % heads !== 0)
    throw new ModelError(
      'shape-mismatch',
      `${heads ?? 'No number of'} heads cannot be found in [${x.dims}].`,
    );
  const size = width / heads;
  return rearrange(x, [batch, length, heads, size], [0, 2, 1, 3], [batch, heads, length, size]);
}

/** [batch, length, heads·size] of [batch, heads, length, size]. */
export function joinHeads(x: NdArray): NdArray {
  const [batch, heads, length, size] = x.dims as [number, number, number, number];
  return rearrange(x, [batch, heads, length, size], [0, 2, 1, 3], [batch, length, heads * size]);
}

/** What came before, then what is new, along the sequence. */
export function appendSequence(past: NdArray | undefined, x: NdArray): NdArray {
  return past === undefined ? x : concatenate([past, x], 2);
}

/**
 * What a mask adds to a score: `at(batch, head, query, key)`. Booleans forbid where they are false, and a mask that is
 * shorter than the keys forbids the rest.
 *
 * @throws ModelError `shape-mismatch` when the mask does not broadcast to [batch, heads, queries, keys]
 */
export function maskReader(
  mask: NdArray | undefined,
  [batch, heads, queries, keys]: readonly [number, number, number, number],
): (n: number, h: number, i: number, j: number) => number {
  if (mask === undefined) return () => 0;
  const dims = [...new Array<number>(Math.max(0, 4 - mask.dims.length)).fill(1), ...mask.dims];
  const fits =
    dims.length === 4 &&
    [batch, heads, queries].every((d, i) => dims[i] === d || dims[i] === 1) &&
    dims[3]! <= keys;
  if (!fits)
    throw new ModelError(
      'shape-mismatch',
      `The mask [${mask.dims}] does not fit [${[batch, heads, queries, keys]}].`,
    );
  const [d0, d1, d2, d3] = dims as [number, number, number, number];
  const values = numbersOf(mask);
  const bool = mask.dtype === 'bool';
  return (n, h, i, j) => {
    if (j >= d3) return -Infinity;
    const value = values[(((n % d0) * d1 + (h % d1)) * d2 + (i % d2)) * d3 + j]!;
    return bool ? (value === 0 ? -Infinity : 0) : value;
  };
}
