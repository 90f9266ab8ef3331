import { normalAxis } from '../array.ts';
import { floats } from '../dtypes.ts';
import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { absoluteSumOver, normOver } from '../reduce.ts';

/** x / ‖x‖ along an axis, with the 1- or 2-norm; zeros stay zeros. */
export const lpNormalization = kernel('LpNormalization', {
  versions: [1, 22],
  types: 'T -> T',
  where: { T: floats },
  run({ attributes: { axis, p }, inputs: [x] }) {
    const norm = (p === 1 ? absoluteSumOver : normOver)(x!, [normalAxis(axis, x!.dims.length)], true);
    return zipElements(x!, norm, x!.dtype, (v, length) => (length === 0 ? 0 : v / length));
  },
});
