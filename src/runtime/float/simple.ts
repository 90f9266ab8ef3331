import { allocateDoubles, allocateNumbers, makeArray, type NdArray, numbersOf, productOf } from '../array.ts';
import type { SumConvention } from '../conventions.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import type { MatMulShape } from '../matmul.ts';
import { convolutionRanges, productRanges, wholeRange } from '../pieces.ts';
import { slideWindow } from '../window.ts';

/**
 * Float32 products as they are written down, one output element and one tap at a time.
 *
 * This is what the fast kernels are held to: in ONNX Runtime's order bit by bit, in double as far as a bound allows.
 */

/** As `convolveFloats`, for images of two dimensions. */
export function convolveSimply(
  x: NdArray,
  w: NdArray,
  bias: NdArray | undefined,
  attributes: ConvolutionAttributes,
  sums: SumConvention,
): NdArray {
  checkConvolution(x, w, attributes);
  const [batch, channels, height, width] = x.dims as [number, number, number, number];
  const [filters, depth, kernelHeight, kernelWidth] = w.dims as [number, number, number, number];
  const { group = 1 } = attributes;
  const window = slideWindow([height, width], [kernelHeight, kernelWidth], attributes);
  const { strides, dilations, padsBegin, padsEnd, output } = window;
  const dims = [batch, filters, ...output];
  const target = allocateNumbers(x.dtype, dims);
  const [xs, ws] = [numbersOf(x), numbersOf(w)];
  const length = productOf(w.dims, 1);
  const perGroup = filters / group;
  const count = productOf(output);
  const plain =
    kernelHeight * kernelWidth === 1 &&
    [...padsBegin, ...padsEnd, ...strides.map((s) => s - 1)].every((v) => v === 0);
  const ranges =
    batch > 1 || group > 1
      ? wholeRange(count, length)
      : (plain ? productRanges : convolutionRanges)(perGroup, count, length);
  const left = new Float64Array(length);
  for (let to = 0; to < target.length; to++) {
    const o = to % count;
    const f = Math.floor(to / count) % filters;
    const n = Math.floor(to / count / filters);
    const first = n * channels + Math.floor(f / perGroup) * depth;
    let k = 0;
    for (let c = 0; c < depth; c++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        const y = Math.floor(o / output[1]!) * strides[0]! + ky * dilations[0]! - padsBegin[0]!;
        for (let kx = 0; kx < kernelWidth; kx++, k++) {
          const at = (o % output[1]!) * strides[1]! + kx * dilations[1]! - padsBegin[1]!;
          const inside = y >= 0 && y < height && at >= 0 && at < width;
          left[k] = inside ? xs[((first + c) * height + y) * width + at]! : 0;
        }
      }
    }
    const right = ws.subarray(f * length, (f + 1) * length);
    const { piece } = ranges.find(({ end }) => o < end)!;
    const offset = bias === undefined ? 0 : numbersOf(bias)[f]!;
    if (sums === 'double') target[to] = dotInDouble(left, right) + offset;
    else target[to] = (perGroup === 1 ? dotByFours(left, right) : dotInPieces(left, right, piece)) + offset;
  }
  return makeArray(x.dtype, dims, target);
}

/** As `multiplyFloats`. */
export function multiplySimply(a: NdArray, b: NdArray, shape: MatMulShape, sums: SumConvention): NdArray {
  const { rows, depth, columns, left, right, dims } = shape;
  const target = allocateNumbers(a.dtype, dims);
  const [as, bs] = [numbersOf(a), numbersOf(b)];
  const ranges = productRanges(rows, columns, depth);
  const line = allocateDoubles(depth);
  const column = allocateDoubles(depth);
  let to = 0;
  for (let n = 0; n < left.length; n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let k = 0; k < depth; k++) {
          line[k] = as[left[n]! + i * depth + k]!;
          column[k] = bs[right[n]! + k * columns + j]!;
        }
        const { piece } = ranges.find(({ end }) => j < end)!;
        target[to++] = sums === 'double' ? dotInDouble(line, column) : dotInPieces(line, column, piece);
      }
    }
  }
  return makeArray(a.dtype, dims, target);
}

function dotInDouble(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

/** Fused multiply-adds in float32 over pieces of depth, which are then added up. */
function dotInPieces(a: ArrayLike<number>, b: ArrayLike<number>, piece: number): number {
  let total = 0;
  for (let from = 0; from < a.length; from += piece) {
    let sum = 0;
    for (let k = from; k < Math.min(from + piece, a.length); k++) sum = Math.fround(sum + a[k]! * b[k]!);
    total = Math.fround(total + sum);
  }
  return total;
}

/** Products rounded to float32 and added up by fours. */
function dotByFours(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let from = 0; from < a.length; from += 4) {
    let sum = 0;
    for (let k = from; k < Math.min(from + 4, a.length); k++)
      sum = Math.fround(sum + Math.fround(a[k]! * b[k]!));
    total = Math.fround(total + sum);
  }
  return total;
}
