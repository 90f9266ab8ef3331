import { ModelError } from '../../support/errors.ts';
import {
  allocateDoubles,
  allocateNumbers,
  integersOf,
  makeArray,
  numbersOf,
  productOf,
  stridesOf,
} from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { positions } from '../padded.ts';
import { slideWindow } from '../window.ts';

/** Adds blocks up to an image: the inverse of gathering a convolution's windows into columns. */
export const col2im = kernel('Col2Im', {
  versions: [18],
  types: 'T, int64, int64 -> T',
  where: { T: floats },
  run({ attributes, inputs: [x, imageInput, blockInput] }) {
    const image = integersOf(imageInput!);
    const block = integersOf(blockInput!);
    const { strides, dilations, padsBegin, padsEnd, output } = slideWindow(image, block, attributes);
    const padded = image.map((length, i) => length + padsBegin[i]! + padsEnd[i]!);
    const lengths = stridesOf(padded);
    const origins = positions(
      output,
      strides.map((s, i) => s * lengths[i]!),
    );
    const taps = positions(
      block,
      dilations.map((d, i) => d * lengths[i]!),
    );
    const [batch, rows] = x!.dims as [number, number];
    if (x!.dims.length !== 3 || rows % taps.length !== 0 || x!.dims[2] !== origins.length)
      throw new ModelError(
        'shape-mismatch',
        `Columns [${x!.dims}] do not fit an image [${image}] of blocks [${block}].`,
      );
    const channels = rows / taps.length;
    const dims = [batch, channels, ...image];
    const target = allocateNumbers(x!.dtype, dims);
    const inside = positions(image, lengths);
    const begin = padsBegin.reduce((sum, pad, i) => sum + pad * lengths[i]!, 0);
    const sums = allocateDoubles(productOf(padded));
    const source = numbersOf(x!);
    for (let plane = 0; plane < batch * channels; plane++) {
      sums.fill(0);
      taps.forEach((tap, t) => {
        const from = (plane * taps.length + t) * origins.length;
        for (let o = 0; o < origins.length; o++) sums[tap + origins[o]!]! += source[from + o]!;
      });
      for (let i = 0; i < inside.length; i++) target[plane * inside.length + i] = sums[begin + inside[i]!]!;
    }
    return makeArray(x!.dtype, dims, target);
  },
});
