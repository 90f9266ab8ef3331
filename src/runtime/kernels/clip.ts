import type { DataType } from '../../ir/index.ts';
import type { NdArray } from '../array.ts';
import { floats, numeric } from '../dtypes.ts';
import { mapElements, mapFloats } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/**
 * y = min(max(x, low), high); the bounds are attributes up to version 6, inputs from 11 on. NaN stays. A bound that is
 * absent is the lowest or the largest finite value of the type, so infinities become finite.
 */
export const clip = kernel('Clip', {
  versions: [11, 12, 13],
  types: 'T, T, T -> T',
  where: { T: numeric },
  run: ({ inputs: [x, low, high] }) => bounded(x!, first(low), first(high)),
});

export const clip6 = kernel('Clip', {
  versions: [1, 6],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes, inputs: [x] }) =>
    bounded(x!, attributes.min as number | undefined, attributes.max as number | undefined),
});

function bounded(x: NdArray, given: number | undefined, top: number | undefined): NdArray {
  const limit = largestFinite.get(x.dtype);
  const low = given ?? (limit && -limit);
  const high = top ?? limit;
  if (x.dtype === 'float32') return mapFloats(x, (from, to) => clipFloats(from, to, low!, high!));
  return mapElements(x, x.dtype, (v) => {
    const raised = low !== undefined && v < low ? low : v;
    return high !== undefined && raised > high ? high : raised;
  });
}

function clipFloats(x: Float32Array, y: Float32Array, low: number, high: number): void {
  for (let i = 0; i < y.length; i++) {
    let value = x[i]!;
    if (value < low) value = low;
    if (value > high) value = high;
    y[i] = value;
  }
}

/** Types without infinities need no bound of their own. */
const largestFinite = new Map<DataType, number>([
  ['float32', 3.4028234663852886e38],
  ['float64', Number.MAX_VALUE],
  ['float16', 65504],
  ['bfloat16', 3.3895313892515355e38],
]);

/** The bound as an element of x: a bigint for 64-bit integers, typed as a number like every cell. */
function first(bound: NdArray | undefined): number | undefined {
  return bound?.data[0] as number | undefined;
}
