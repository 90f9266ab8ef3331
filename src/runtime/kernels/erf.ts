import { isWide } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { unary } from '../elementwise.ts';
import { errorFunction } from '../special.ts';

/** The error function. */
export const erf = unary('Erf', {
  versions: [9, 13],
  of: numeric.filter((dtype) => !isWide(dtype)),
  apply: errorFunction,
});
