import { bytes } from '../dtypes.ts';
import { realProduct } from '../integer-product.ts';
import { kernel } from '../kernel.ts';

/** Matrix product of codes as float32, plus a bias. */
export const matMulIntegerToFloat = kernel<string>('MatMulIntegerToFloat', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'A, B, float32, float32, A, B, float32 -> float32',
  where: { A: bytes, B: bytes },
  run({ inputs: [a, b, aScale, bScale, aZero, bZero, bias], conventions }) {
    return realProduct(a!, b!, [aScale!, bScale!], [aZero, bZero], bias, conventions);
  },
});
