import { bytes } from '../dtypes.ts';
import { realProduct } from '../integer-product.ts';
import { kernel } from '../kernel.ts';
import { dynamicallyQuantized } from '../quantize-dynamic.ts';

/** Quantizes a over its own range, multiplies it with codes, and gives float32, plus a bias. */
export const dynamicQuantizeMatMul = kernel<string>('DynamicQuantizeMatMul', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'float32, B, float32, B, float32 -> float32',
  where: { B: bytes },
  run({ inputs: [a, b, bScale, bZero, bias], conventions }) {
    const [codes, scale, zero] = dynamicallyQuantized(a!);
    return realProduct(codes, b!, [scale, bScale!], [zero, bZero], bias, conventions);
  },
});
