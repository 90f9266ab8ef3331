import { ModelError } from '../../support/errors.ts';
import { type NdArray, normalAxis } from '../array.ts';
import { concatenate } from '../concatenate.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { mapCodes, quantizerOf } from '../qlinear.ts';

/** Joins arrays of codes along an axis, each brought to the quantizer of the result. */
export const qLinearConcat = kernel<string>('QLinearConcat', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'float32, T, *... -> T',
  where: { T: bytes },
  run({ attributes: { axis }, inputs, conventions: { rounding } }) {
    const [yScale, yZero, ...rest] = inputs as readonly NdArray[];
    if (rest.length === 0 || rest.length % 3 !== 0)
      throw new ModelError('missing-input', 'QLinearConcat takes a scale and a zero point with each array.');
    const to = quantizerOf(yScale!, yZero, 'uint8');
    const parts: NdArray[] = [];
    for (let i = 0; i < rest.length; i += 3) {
      const from = quantizerOf(rest[i + 1]!, rest[i + 2], to.dtype);
      const same = from.scale === to.scale && from.zero === to.zero;
      parts.push(same ? rest[i]! : mapCodes(rest[i]!, from, to, (real) => real, rounding));
    }
    return concatenate(parts, normalAxis(axis as number, parts[0]!.dims.length));
  },
});
