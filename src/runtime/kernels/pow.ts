import { isWide, numbersOf } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { binaryInputs, mapElements, zipElements } from '../elementwise.ts';
import { type KernelCall, kernel } from '../kernel.ts';

/** z = x^y in double precision, rounded to the type of x; 64-bit integers with whole exponents stay exact. */
export const pow = kernel('Pow', {
  versions: [1, 7, 12, 13, 15],
  types: 'T, E -> T',
  where: { T: numeric, E: numeric },
  run(call) {
    const [x, y] = binaryInputs(call as KernelCall);
    if (isWide(x.dtype)) return zipElements(x, y, x.dtype, powerOfBigint as never);
    if (isWide(y.dtype)) return zipElements(x, y, x.dtype, (a, b) => a ** Number(b));
    if (y.data.length === 1 && numbersOf(y)[0] === 2 && y.dims.length <= x.dims.length)
      return mapElements(x, x.dtype, (a) => a * a);
    return zipElements(x, y, x.dtype, (a, b) => a ** b);
  },
});

/** By squaring, wrapped to 64 bits at each step: the time does not grow with the exponent's value. */
function powerOfBigint(x: bigint, y: bigint | number): bigint {
  if (!Number.isInteger(Number(y)) || Number(y) < 0) return BigInt(Math.trunc(Number(x) ** Number(y)));
  let result = 1n;
  let base = x;
  for (let rest = BigInt(y); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * base);
    base = BigInt.asIntN(64, base * base);
  }
  return result;
}
