import { allocateNumbers, makeArray, type NdArray, normalAxis, numbersOf, productOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { codeOf, quantizerOf } from '../qlinear.ts';

/**
 * Codes of e^x / Σ e^x along an axis; with `opset` below 13 over the array seen as a matrix whose rows begin at the axis.
 * ONNX Runtime adds exponentials of 32-bit integers; about one array in a thousand has a code that differs by one.
 */
export const qLinearSoftmax = kernel<string>('QLinearSoftmax', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ attributes, inputs, conventions: { rounding } }) {
    const [x, xScale, xZero, yScale, yZero] = inputs as readonly NdArray[];
    const { dims, dtype } = x!;
    const from = quantizerOf(xScale!, xZero, dtype);
    const to = quantizerOf(yScale!, yZero, dtype);
    const axis = normalAxis((attributes['axis'] as number | undefined) ?? -1, dims.length);
    const rows = (attributes['opset'] as number) < 13;
    const length = rows ? productOf(dims, axis) : dims[axis]!;
    const inner = rows ? 1 : productOf(dims, axis + 1);
    const source = numbersOf(x!);
    const target = allocateNumbers(dtype, dims);
    for (let v = 0; v < source.length / Math.max(length, 1); v++) {
      const start = Math.floor(v / inner) * length * inner + (v % inner);
      let top = -Infinity;
      for (let i = 0; i < length; i++) top = Math.max(top, source[start + i * inner]!);
      let sum = 0;
      for (let i = 0; i < length; i++) sum += Math.exp((source[start + i * inner]! - top) * from.scale);
      for (let i = 0; i < length; i++) {
        const at = start + i * inner;
        target[at] = codeOf(to, Math.fround(Math.exp((source[at]! - top) * from.scale) / sum), rounding);
      }
    }
    return makeArray(dtype, dims, target);
  },
});
