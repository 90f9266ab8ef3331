import { isWide } from '../array.ts';
import { isFloat, numeric } from '../dtypes.ts';
import { opaque, zipElements } from '../elementwise.ts';
import { floorModulo, floorModuloBigints, remainder, remainderOfBigints } from '../integer.ts';
import { kernel } from '../kernel.ts';

/** The remainder of a / b with the sign of b, or (`fmod`) of a. */
export const mod = kernel('Mod', {
  versions: [10, 13, 28],
  types: 'T, T -> T',
  where: { T: numeric },
  run({ attributes: { fmod }, inputs: [a, b] }) {
    const wide = isWide(a!.dtype);
    const signOfA = wide
      ? opaque(remainderOfBigints)
      : isFloat(a!.dtype)
        ? (x: number, y: number) => x % y
        : remainder;
    const signOfB = wide ? opaque(floorModuloBigints) : floorModulo;
    return zipElements(a!, b!, a!.dtype, fmod === 1 ? signOfA : signOfB);
  },
});
