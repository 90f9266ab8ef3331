import { ModelError } from '../../support/errors.ts';
import { type NdArray, numbersOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { multiplyAndFinish } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { checkProductSums } from '../overflow.ts';
import { requantizingFactor } from '../requantize.ts';

const scales = ['float32', 'float16', 'bfloat16'] as const;

/** Matrix product of codes, requantized; parameters per tensor, per row of a, or per column of b. */
export const qLinearMatMul = kernel('QLinearMatMul', {
  versions: [10, 21],
  types: 'A, S, A, B, S, B, S, Y -> Y',
  where: { A: bytes, B: bytes, Y: bytes, S: scales },
  run({ inputs, conventions: { rounding, overflow } }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly NdArray[];
    const shape = matMulShape(a!.dims, b!.dims);
    const operands = { a: a!, b: b!, aZero, bZero, shape };
    if (overflow === 'error') checkProductSums(operands);
    const { columns, rows, left } = shape;
    const rowScales = scalesFor(aScale!, columns === 0 ? 0 : left.length * rows);
    const columnScales = scalesFor(bScale!, columns);
    const step = numbersOf(yScale!)[0]!;
    return multiplyAndFinish(operands, {
      kind: 'requantization',
      channels: columns,
      factors: Float64Array.from(columnScales, (scale) =>
        requantizingFactor(rowScales[0]!, scale, step, rounding),
      ),
      rows: rowScales.length === 1 ? undefined : { left: rowScales, right: columnScales, step },
      zero: numbersOf(yZero!)[0]!,
      dtype: yZero!.dtype,
      rounding,
    });
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
