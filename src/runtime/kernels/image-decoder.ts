import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, numbersOf } from '../array.ts';
import { readImage } from '../images/read-image.ts';
import { kernel } from '../kernel.ts';

/**
 * The pixels of a BMP, PNM, PNG, TIFF or JPEG file: [height, width, 3] in the order of `pixel_format`, or one channel of
 * grey, weighed as ITU-R 601 does.
 */
export const imageDecoder = kernel('ImageDecoder', {
  versions: [20],
  types: 'uint8 -> uint8',
  run({ attributes: { pixel_format: format }, inputs: [file] }) {
    if (file!.dims.length !== 1)
      throw new ModelError('shape-mismatch', `ImageDecoder takes the bytes of a file, not [${file!.dims}].`);
    const { width, height, channels, pixels } = readImage(numbersOf(file!) as Uint8Array);
    const grey = format === 'Grayscale';
    const dims = [height, width, grey ? 1 : 3];
    const target = allocateNumbers('uint8', dims, 'overwritten');
    for (let i = 0; i < width * height; i++) {
      const at = i * channels;
      const [red, green, blue] = [pixels[at]!, pixels[at + channels - 2] ?? 0, pixels[at + channels - 1]!];
      if (grey) target[i] = channels === 1 ? red : (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
      else
        [red, channels === 1 ? red : green, blue].forEach((value, c) => {
          target[i * 3 + (format === 'BGR' ? 2 - c : c)] = value;
        });
    }
    return makeArray('uint8', dims, target);
  },
});
