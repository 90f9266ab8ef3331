import { isWide } from '../array.ts';
import { isFloat, numeric } from '../dtypes.ts';
import { binaryInputs, type FloatZip, opaque, zipElements, zipFloats } from '../elementwise.ts';
import { divideBigints, divideIntegers } from '../integer.ts';
import { kernel } from '../kernel.ts';

/** c = a / b; integer quotients are truncated towards zero, and a zero divisor is an error. */
export const div = kernel<string>('Div', {
  versions: [1, 6, 7, 13, 14],
  types: 'T, T -> T',
  where: { T: numeric },
  run: (call) => {
    const [a, b] = binaryInputs(call);
    if (a.dtype === 'float32') return zipFloats(a, b, divideFloats);
    const divide = isFloat(a.dtype)
      ? (x: number, y: number) => x / y
      : isWide(a.dtype)
        ? opaque(divideBigints)
        : divideIntegers;
    return zipElements(a, b, a.dtype, divide);
  },
});

const divideFloats: FloatZip = (x, p, stepX, y, q, stepY, z, from, to) => {
  for (let i = from; i < to; i++, p += stepX, q += stepY) z[i] = x[p]! / y[q]!;
};
