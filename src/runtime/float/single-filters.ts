import { type NdArray, numbersOf, productOf } from '../array.ts';
import { positions } from '../padded.ts';
import type { Window } from '../window.ts';
import { padFloats } from './image.ts';
import { bandHeight, convolvePlanes } from './planes.ts';
import type { FloatArray } from './store.ts';
import { inSingle, type Summation } from './sums.ts';

/**
 * Whether a convolution whose groups have one filter each is better not treated as a product of matrices: because ONNX
 * Runtime adds up the product of a matrix with one row in another order, or because it slides over one channel.
 */
export function slidesAlone(window: Window, depth: number, perGroup: number, summation: Summation): boolean {
  return perGroup === 1 && (summation === inSingle || (depth === 1 && bandHeight(window) > 0));
}

/** A convolution with one filter in each group, plus a bias. */
export function convolveSingleFilters(
  x: NdArray,
  w: NdArray,
  window: Window,
  bias: ArrayLike<number> | undefined,
  target: FloatArray,
  summation: Summation,
): void {
  if (w.dims[1] === 1 && bandHeight(window) > 0) convolvePlanes(x, w, window, bias, target, summation);
  else sumByFours(x, w, window, bias, target);
}

/** One output element at a time, products rounded to float32 and summed by fours. */
function sumByFours(
  x: NdArray,
  w: NdArray,
  { kernel, strides, dilations, padsBegin, padsEnd, output }: Window,
  bias: ArrayLike<number> | undefined,
  target: FloatArray,
): void {
  const [groups, depth] = w.dims as [number, number];
  const { floats, channelSize, steps } = padFloats(x, padsBegin, padsEnd);
  const origins = positions(
    output,
    steps.map((step, i) => step * strides[i]!),
  );
  const tapSteps = steps.map((step, i) => step * dilations[i]!);
  const places = positions([depth, ...kernel], [channelSize, ...tapSteps]);
  const weights = numbersOf(w);
  const length = productOf(w.dims, 1);
  for (let image = 0; image < x.dims[0]! * groups; image++) {
    const group = image % groups;
    const first = image * depth * channelSize;
    const offset = bias?.[group] ?? 0;
    for (let o = 0; o < origins.length; o++) {
      const sum = dotByFours(floats, first + origins[o]!, places, weights, group * length);
      target[image * origins.length + o] = sum + offset;
    }
  }
}

function dotByFours(
  floats: FloatArray,
  origin: number,
  places: Int32Array,
  weights: ArrayLike<number>,
  first: number,
): number {
  let sum = 0;
  for (let k = 0; k < places.length; ) {
    const end = Math.min(k + 4, places.length);
    let four = Math.fround(floats[origin + places[k]!]! * weights[first + k]!);
    for (k++; k < end; k++)
      four = Math.fround(four + Math.fround(floats[origin + places[k]!]! * weights[first + k]!));
    sum = Math.fround(sum + four);
  }
  return sum;
}
