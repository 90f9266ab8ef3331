import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, integersOf, makeArray, numbersOf } from '../array.ts';
import { bilinearTaps } from '../bilinear.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Regions of images resampled to one size: each bin the average or the largest of bilinear samples. */
export const roiAlign = kernel('RoiAlign', {
  versions: [10, 16, 22],
  types: 'T, T, int64 -> T',
  where: { T: floats },
  run({ attributes, inputs: [x, rois, batches], version }) {
    const { mode, output_height: height, output_width: width, sampling_ratio, spatial_scale } = attributes;
    if (mode !== 'avg' && mode !== 'max')
      throw new ModelError('unsupported-attribute', `RoiAlign has no mode "${mode}".`);
    const [, channels, rows, columns] = x!.dims as [number, number, number, number];
    const half = version >= 16 && attributes.coordinate_transformation_mode === 'half_pixel';
    const source = numbersOf(x!);
    const corners = numbersOf(rois!);
    const images = integersOf(batches!);
    const dims = [images.length, channels, height, width];
    const target = allocateNumbers(x!.dtype, dims);
    images.forEach((image, n) => {
      const [left, top, right, bottom] = [0, 1, 2, 3].map(
        (k) => corners[n * 4 + k]! * spatial_scale - (half ? 0.5 : 0),
      ) as [number, number, number, number];
      const binHeight = (half ? bottom - top : Math.max(bottom - top, 1)) / height;
      const binWidth = (half ? right - left : Math.max(right - left, 1)) / width;
      const samplesY = sampling_ratio > 0 ? sampling_ratio : Math.ceil(binHeight);
      const samplesX = sampling_ratio > 0 ? sampling_ratio : Math.ceil(binWidth);
      for (let bin = 0; bin < height * width; bin++) {
        const taps = [];
        for (let sy = 0; sy < samplesY; sy++) {
          for (let sx = 0; sx < samplesX; sx++) {
            const y = top + (Math.floor(bin / width) + (sy + 0.5) / samplesY) * binHeight;
            const at = left + ((bin % width) + (sx + 0.5) / samplesX) * binWidth;
            taps.push(bilinearTaps(y, at, rows, columns));
          }
        }
        for (let c = 0; c < channels; c++) {
          const base = (image * channels + c) * rows * columns;
          const products = taps.map((four) =>
            four.map(({ position, weight }) => source[base + position]! * weight),
          );
          const sums = products.map((four) => four.reduce((a, b) => a + b, 0));
          const value =
            mode === 'avg'
              ? sums.reduce((a, b) => a + b, 0) / Math.max(taps.length, 1)
              : Math.max(...products.map((four) => Math.max(...four, four.length === 0 ? 0 : -Infinity)));
          target[(n * channels + c) * height * width + bin] = value;
        }
      }
    });
    return makeArray(x!.dtype, dims, target);
  },
});
