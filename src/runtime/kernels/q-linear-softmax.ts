import { allocateNumbers, makeArray, type NdArray, normalAxis, numbersOf, productOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { codeOf, type Quantizer, quantizerOf } from '../qlinear.ts';
import { codeRange, saturate } from '../quantize.ts';

const { fround } = Math;

/**
 * Codes of e^x / Σ e^x along an axis; with `opset` below 13 over the array seen as a matrix whose rows begin at the axis.
 *
 * ONNX Runtime sums up float32 exponentials as large as they may be, and multiplies with the whole part of 1 / y's scale.
 */
export const qLinearSoftmax = kernel<string>('QLinearSoftmax', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ attributes, inputs, conventions: { rounding } }) {
    const [x, xScale, xZero, yScale, yZero] = inputs as readonly NdArray[];
    const { dims, dtype } = x!;
    const { scale } = quantizerOf(xScale!, xZero, dtype);
    const to = quantizerOf(yScale!, yZero, dtype);
    const before13 = (attributes['opset'] as number) < 13;
    const axis = normalAxis((attributes['axis'] as number | undefined) ?? -1, dims.length);
    const length = before13 ? productOf(dims, axis) : dims[axis]!;
    const inner = before13 ? 1 : productOf(dims, axis + 1);
    const source = numbersOf(x!);
    const target = allocateNumbers(dtype, dims, 'overwritten');
    const powers = rounding === 'onnxruntime' ? largePowers(scale, length) : powersOf(scale);
    const code =
      rounding === 'onnxruntime'
        ? wholeQuotient(to)
        : (part: number, sum: number) => codeOf(to, part / sum, rounding);
    const round = rounding === 'onnxruntime' ? fround : (sum: number) => sum;
    for (let v = 0; v < source.length / Math.max(length, 1); v++) {
      const start = Math.floor(v / inner) * length * inner + (v % inner);
      const end = start + length * inner;
      let top = -Infinity;
      for (let i = start; i < end; i += inner) top = Math.max(top, source[i]!);
      let sum = 0;
      for (let i = start; i < end; i += inner) sum = round(sum + powers[top - source[i]!]!);
      for (let i = start; i < end; i += inner) target[i] = code(powers[top - source[i]!]!, sum);
    }
    return makeArray(dtype, dims, target);
  },
});

/** e^(−d·scale) for each distance from the largest code. */
function powersOf(scale: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, distance) => Math.exp(-distance * scale));
}

/**
 * The same in float32, times a number such that the sum of `length` of them stays finite. The engine takes the logarithm in
 * float32: another shift rounds the exponentials elsewhere, and parts that lie on a tie move.
 */
function largePowers(scale: number, length: number): Float64Array {
  const room = fround(Math.log(fround(3.4028234663852886e38 / length))) - 5;
  const shift = Math.max(0, room) / scale;
  return Float64Array.from({ length: 256 }, (_, distance) => fround(Math.exp((-distance + shift) * scale)));
}

/** The code of a part of a sum as ONNX Runtime finds it, but for products beyond float32, which are not codes there. */
function wholeQuotient({ scale, zero, dtype }: Quantizer): (part: number, sum: number) => number {
  const { min, max } = codeRange(dtype);
  const steps = Math.floor(fround(1 / scale));
  return (part, sum) => {
    const product = fround(part * steps);
    const quotient = product < Infinity ? fround(product / sum) : (part * steps) / sum;
    return saturate(quotient, zero, min, max);
  };
}
