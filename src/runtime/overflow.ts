import { ModelError } from '../support/errors.ts';
import { isLasting, makeArray, type NdArray, numbersOf, productOf } from './array.ts';
import type { ConvolutionAttributes } from './convolution.ts';
import { convolveBytes } from './integer/convolve.ts';
import { multiplyBytes } from './integer/matmul.ts';
import { type MatMulShape, matMulShape } from './matmul.ts';
import { codeRange } from './quantize.ts';

/**
 * Whether int32 sums overflow, for runs that end on overflow.
 *
 * What the operands' types and the weights themselves allow excludes it for all but enormous layers, without a look at the
 * data; where it does not, the sums are computed once more in pieces that fit, and those are added in double.
 */

const least = -(2 ** 31);
const greatest = 2 ** 31 - 1;

export interface ConvolutionSums {
  readonly x: NdArray;
  readonly w: NdArray;
  readonly attributes: ConvolutionAttributes;
  readonly xZero: number;
  readonly wZeros: ArrayLike<number>;
  /** Added to each channel. */
  readonly offsets?: ArrayLike<number> | undefined;
}

/** @throws ModelError `integer-overflow` where a sum of a convolution, or with its bias, is beyond int32 */
export function checkConvolutionSums({ x, w, attributes, xZero, wZeros, offsets }: ConvolutionSums): void {
  const reach = largestOffset(offsets);
  if (isBounded(productOf(w.dims, 1), x, [xZero], w, wZeros, reach)) return;
  if (weightBound(w, wZeros) * farthest(x, [xZero]) + reach <= greatest) return;
  const { group = 1 } = attributes;
  const [filters, depth] = [w.dims[0]! / group, w.dims[1]!];
  const taps = productOf(w.dims, 2) * farthest(x, [xZero]) * farthest(w, wZeros);
  for (let g = 0; g < group; g++) {
    const own = slice(w, 0, g * filters, (g + 1) * filters);
    const zeros =
      wZeros.length === 1 ? wZeros : Array.from({ length: filters }, (_, f) => wZeros[g * filters + f]!);
    const { totals, inner } = addPieces(depth, taps, (from, to) => {
      const part = slice(x, 1, g * depth + from, g * depth + to);
      const { sums, dims } = convolveBytes(
        part,
        slice(own, 1, from, to),
        { ...attributes, group: 1 },
        xZero,
        zeros,
      );
      return { sums, inner: productOf(dims, 2) };
    });
    totals.forEach((total, i) => {
      checkSum(total + (offsets?.[g * filters + (Math.floor(i / inner) % filters)] ?? 0));
    });
  }
}

export interface ProductSums {
  readonly a: NdArray;
  readonly b: NdArray;
  readonly aZero: NdArray | undefined;
  readonly bZero: NdArray | undefined;
  readonly shape: MatMulShape;
  /** Added to each element. */
  readonly addend?: ArrayLike<number> | undefined;
}

/** @throws ModelError `integer-overflow` where a sum of a matrix product, or with what is added, is beyond int32 */
export function checkProductSums({ a, b, aZero, bZero, shape, addend }: ProductSums): void {
  const [aZeros, bZeros] = [zerosOf(aZero), zerosOf(bZero)];
  if (isBounded(shape.depth, a, aZeros, b, bZeros, largestOffset(addend))) return;
  const step = farthest(a, aZeros) * farthest(b, bZeros);
  const { totals } = addPieces(shape.depth, step, (from, to) => {
    const [left, right] = [
      slice(a, a.dims.length - 1, from, to),
      slice(b, Math.max(0, b.dims.length - 2), from, to),
    ];
    return { sums: multiplyBytes(left, right, aZero, bZero, matMulShape(left.dims, right.dims)), inner: 1 };
  });
  totals.forEach((total, i) => {
    checkSum(total + (addend?.[i] ?? 0));
  });
}

interface Piece {
  readonly sums: Int32Array;
  /** Elements in a row that belong to one channel. */
  readonly inner: number;
}

/** Sums over pieces of the depth, each so short that it cannot overflow, added in double. */
function addPieces(
  depth: number,
  reach: number,
  sumOf: (from: number, to: number) => Piece,
): { readonly totals: Float64Array; readonly inner: number } {
  const length = Math.max(1, Math.floor(greatest / reach));
  let totals: Float64Array | undefined;
  let inner = 1;
  for (let from = 0; from < depth; from += length) {
    const piece = sumOf(from, Math.min(from + length, depth));
    totals ??= new Float64Array(piece.sums.length);
    for (let i = 0; i < totals.length; i++) totals[i]! += piece.sums[i]!;
    inner = piece.inner;
  }
  return { totals: totals ?? new Float64Array(0), inner };
}

/** A copy of the indices from `start` to `end` along an axis. */
function slice(x: NdArray, axis: number, start: number, end: number): NdArray {
  const dims = x.dims.with(axis, end - start);
  const inner = productOf(x.dims, axis + 1);
  const [from, to] = [x.dims[axis]! * inner, (end - start) * inner];
  const source = numbersOf(x);
  const target = source.slice(0, productOf(dims));
  for (let row = 0; row * to < target.length; row++)
    target.set(source.subarray(row * from + start * inner, row * from + end * inner), row * to);
  return makeArray(x.dtype, dims, target);
}

function zerosOf(zero: NdArray | undefined): ArrayLike<number> {
  return zero === undefined ? [0] : numbersOf(zero);
}

/** Whether no values of the operands' types can overflow. */
function isBounded(
  depth: number,
  x: NdArray,
  xZeros: ArrayLike<number>,
  w: NdArray,
  wZeros: ArrayLike<number>,
  reach: number,
): boolean {
  return depth * farthest(x, xZeros) * farthest(w, wZeros) + reach <= greatest;
}

/** Largest distance of a code of an array's type from its zero points. */
function farthest({ dtype }: NdArray, zeros: ArrayLike<number>): number {
  const { min, max } = codeRange(dtype);
  let most = 0;
  for (let i = 0; i < zeros.length; i++) most = Math.max(most, zeros[i]! - min, max - zeros[i]!);
  return most;
}

function largestOffset(offsets: ArrayLike<number> | undefined): number {
  let largest = 0;
  for (let i = 0; i < (offsets?.length ?? 0); i++) largest = Math.max(largest, Math.abs(offsets![i]!));
  return largest;
}

const bounds = new WeakMap<object, { readonly zeros: string; readonly bound: number }>();

/** The largest Σ |w − zero| of a filter; for constants worked out once. */
function weightBound(w: NdArray, zeros: ArrayLike<number>): number {
  const key = Array.from(zeros).join();
  const known = bounds.get(numbersOf(w));
  if (known?.zeros === key) return known.bound;
  const bound = largestFilter(w, zeros);
  if (isLasting(w.data)) bounds.set(numbersOf(w), { zeros: key, bound });
  return bound;
}

function largestFilter(w: NdArray, zeros: ArrayLike<number>): number {
  const data = numbersOf(w);
  const size = productOf(w.dims, 1);
  let bound = 0;
  for (let f = 0; f < w.dims[0]!; f++) {
    const zero = zeros[f % zeros.length]!;
    let sum = 0;
    for (let i = f * size; i < (f + 1) * size; i++) sum += Math.abs(data[i]! - zero);
    bound = Math.max(bound, sum);
  }
  return bound;
}

function checkSum(sum: number): void {
  if (sum >= least && sum <= greatest) return;
  throw new ModelError('integer-overflow', `A sum of products is ${sum}, which int32 cannot hold.`, {
    fix: "Use smaller layers or scales, or let sums wrap around as hardware does (overflow: 'wrap').",
  });
}
