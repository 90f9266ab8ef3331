import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, numbersOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Regions [image, x1, y1, x2, y2] of images cut into bins, the largest value of each; 0 for bins outside. */
export const maxRoiPool = kernel('MaxRoiPool', {
  versions: [1, 22],
  types: 'T, T -> T',
  where: { T: floats },
  run({ attributes: { pooled_shape, spatial_scale }, inputs: [x, rois] }) {
    const [images, channels, height, width] = x!.dims as [number, number, number, number];
    const [rows, columns] = pooled_shape as [number, number];
    const count = rois!.dims[0]!;
    if (x!.dims.length !== 4 || rois!.dims[1] !== 5 || pooled_shape.length !== 2)
      throw new ModelError('shape-mismatch', `Regions [${rois!.dims}] cannot be cut out of [${x!.dims}].`);
    const source = numbersOf(x!);
    const corners = numbersOf(rois!);
    const dims = [count, channels, rows, columns];
    const target = allocateNumbers(x!.dtype, dims);
    for (let n = 0; n < count; n++) {
      const image = corners[n * 5]!;
      if (!Number.isInteger(image) || image < 0 || image >= images)
        throw new ModelError('index-out-of-range', `Region ${n} lies in image ${image} of ${images}.`);
      const [left, top, right, bottom] = [1, 2, 3, 4].map((k) =>
        roundAway(Math.fround(corners[n * 5 + k]! * spatial_scale)),
      ) as [number, number, number, number];
      const vertical = edges(top, bottom, rows, height);
      const horizontal = edges(left, right, columns, width);
      for (let c = 0; c < channels; c++) {
        const base = (image * channels + c) * height * width;
        vertical.forEach(([y0, y1], row) => {
          horizontal.forEach(([x0, x1], column) => {
            let best = y1 > y0 && x1 > x0 ? -Infinity : 0;
            for (let y = y0; y < y1; y++)
              for (let at = x0; at < x1; at++) best = Math.max(best, source[base + y * width + at]!);
            target[((n * channels + c) * rows + row) * columns + column] = best;
          });
        });
      }
    }
    return makeArray(x!.dtype, dims, target);
  },
});

/** Where the bins of a region begin and end, inside the image. */
function edges(first: number, last: number, bins: number, length: number): [number, number][] {
  const size = Math.fround(Math.max(last - first + 1, 1) / bins);
  const inside = (at: number) => Math.max(0, Math.min(length, at + first));
  return Array.from({ length: bins }, (_, i) => [
    inside(Math.floor(Math.fround(i * size))),
    inside(Math.ceil(Math.fround((i + 1) * size))),
  ]);
}

/** Halves away from zero, as C's round. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
