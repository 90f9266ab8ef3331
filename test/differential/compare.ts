import { type Tensor, tensor } from '../../src/ir/index.ts';
import type { Tolerance } from './sketch.ts';

/** Where and how two tensors differ. */
export interface Difference {
  readonly what: string;
  /** Indices of elements that differ; absent where dtype or dims do. */
  readonly elements?: readonly number[];
}

/** Distance to the next value, relative to a value: two to the power of minus the mantissa's stored bits. */
const units = new Map<string, number>([
  ['float64', 2 ** -52],
  ['float32', 2 ** -23],
  ['float16', 2 ** -10],
  ['bfloat16', 2 ** -7],
]);

const smallest = new Map<string, number>([
  ['float64', Number.MIN_VALUE],
  ['float32', 2 ** -149],
  ['float16', 2 ** -24],
  ['bfloat16', 2 ** -133],
]);

/** What is wrong with `ours` beside `theirs`; undefined if nothing is. */
export function difference(
  ours: Tensor,
  theirs: Tensor,
  tolerance: Tolerance,
  largest: number,
): Difference | undefined {
  const shape = (t: Tensor) => `${t.dtype}[${t.dims}]`;
  const shown = theirs.dtype !== ours.dtype ? exactly(ours, theirs) : ours;
  if (shown === undefined || shape(shown) !== shape(theirs))
    return { what: `${shape(ours)} here, ${shape(theirs)} in the engine` };
  const [a, b] = [valuesOf(shown), valuesOf(theirs)];
  const unit = units.get(ours.dtype);
  const bound = tolerance.kind === 'exact' || unit === undefined ? 0 : tolerance.ulps;
  const elements: number[] = [];
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i])) continue;
    const [x, y] = [Number(a[i]), Number(b[i])];
    const size = tolerance.kind === 'largest' ? largest : Math.max(Math.abs(x), Math.abs(y));
    const ulps = Math.abs(x - y) / Math.max(size * (unit ?? 0), smallest.get(ours.dtype) ?? 1);
    if (bound > 0 && ulps <= bound) continue;
    worst = Math.max(worst, Number.isNaN(ulps) ? Number.POSITIVE_INFINITY : ulps);
    elements.push(i);
  }
  if (elements.length === 0) return undefined;
  const allowed = bound > 0 ? `, ${bound} allowed` : '';
  return {
    elements,
    what: `${elements.length} of ${b.length} elements, up to ${worst.toPrecision(3)} units${allowed}`,
  };
}

/** The largest magnitude among finite elements. */
export function largestOf(x: Tensor): number {
  let largest = 0;
  for (const value of valuesOf(x)) {
    const size = Math.abs(Number(value));
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}

export function valuesOf(
  x: Tensor,
): ArrayLike<number | bigint | string> & Iterable<number | bigint | string> {
  return x.dtype === 'string' ? x.toStrings() : (x.toTypedArray() as Float32Array);
}

/** A tensor of a type the engine's binding does not carry, in the type that holds all its values. */
function exactly(x: Tensor, like: Tensor): Tensor | undefined {
  const wider = x.dtype.startsWith('uint') ? 'uint8' : x.dtype.startsWith('int') ? 'int8' : 'float32';
  if (like.dtype !== wider || /^(float32|float64|float16|bool|string|u?int(8|16|32|64))$/.test(x.dtype))
    return undefined;
  return tensor(wider, x.dims, x.toTypedArray() as Float32Array);
}
