import { ModelError } from '../../support/errors.ts';
import { type NdArray, numbersOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { multiplyBytes } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { checkProductSums } from '../overflow.ts';
import { requantizeSums, requantizingFactor } from '../requantize.ts';

const scales = ['float32', 'float16', 'bfloat16'] as const;

/** Matrix product of codes, requantized; parameters per tensor, per row of a, or per column of b. */
export const qLinearMatMul = kernel('QLinearMatMul', {
  versions: [10, 21],
  types: 'A, S, A, B, S, B, S, Y -> Y',
  where: { A: bytes, B: bytes, Y: bytes, S: scales },
  run({ inputs, conventions: { rounding, overflow } }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly NdArray[];
    const shape = matMulShape(a!.dims, b!.dims);
    if (overflow === 'error') checkProductSums({ a: a!, b: b!, aZero, bZero, shape });
    const sums = multiplyBytes(a!, b!, aZero, bZero, shape);
    const { columns, dims } = shape;
    const rowScales = scalesFor(aScale!, columns === 0 ? 0 : sums.length / columns);
    const columnScales = scalesFor(bScale!, columns);
    const step = numbersOf(yScale!)[0]!;
    const common = { zero: numbersOf(yZero!)[0]!, dtype: yZero!.dtype, rounding };
    // With one scale for all rows, rows are alike; otherwise each element has a factor of its own.
    if (rowScales.length === 1) {
      const factors = Float64Array.from(columnScales, (scale) =>
        requantizingFactor(rowScales[0]!, scale, step, rounding),
      );
      return requantizeSums(sums, dims, { ...common, channels: columns, inner: 1, factors });
    }
    const factors = Float64Array.from({ length: sums.length }, (_, i) => {
      const row = Math.floor(i / columns) % rowScales.length;
      return requantizingFactor(
        rowScales[row]!,
        columnScales[(i % columns) % columnScales.length]!,
        step,
        rounding,
      );
    });
    return requantizeSums(sums, dims, { ...common, channels: sums.length, inner: 1, factors });
  },
});

function scalesFor(scale: NdArray, groups: number): ArrayLike<number> {
  const values = numbersOf(scale);
  if (values.length > 0 && groups % values.length === 0) return values;
  throw new ModelError(
    'shape-mismatch',
    `A scale of dims [${scale.dims}] does not fit ${groups} rows or columns.`,
  );
}
