import { makeArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { multiplyBytes } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { checkProductSums } from '../overflow.ts';

/** Σ (a − a's zero point)·(b − b's zero point) in int32; zero points per tensor, per row of a or per column of b. */
export const matMulInteger = kernel('MatMulInteger', {
  versions: [10],
  types: 'A, B, A, B -> int32',
  where: { A: bytes, B: bytes },
  run({ inputs: [a, b, aZero, bZero], conventions }) {
    const shape = matMulShape(a!.dims, b!.dims);
    if (conventions.overflow === 'error') checkProductSums({ a: a!, b: b!, aZero, bZero, shape });
    return makeArray('int32', shape.dims, multiplyBytes(a!, b!, aZero, bZero, shape));
  },
});
