import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, integersOf, makeArray, numbersOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Sampling positions in [−1, 1] for an image or a volume, moved by an affine matrix per batch element. */
export const affineGrid = kernel('AffineGrid', {
  versions: [20],
  types: 'T, int64 -> T',
  where: { T: floats },
  run({ attributes: { align_corners }, inputs: [theta, sizeInput] }) {
    const [batch, , ...spatial] = integersOf(sizeInput!) as [number, number, ...number[]];
    const rank = spatial.length;
    const expected = [batch, rank, rank + 1];
    if (theta!.dims.length !== 3 || expected.some((d, i) => d !== theta!.dims[i]))
      throw new ModelError('shape-mismatch', `theta is [${theta!.dims}]; it has to be [${expected}].`);
    const dims = [batch, ...spatial, rank];
    const target = allocateNumbers(theta!.dtype, dims);
    const matrix = numbersOf(theta!);
    const place = (i: number, n: number) =>
      align_corners === 1 ? (n > 1 ? (2 * i) / (n - 1) - 1 : 0) : (2 * i + 1) / n - 1;
    const points = target.length / rank / Math.max(batch, 1);
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < points; p++) {
        // Coordinates come innermost axis first: x, y, z.
        const point: number[] = [];
        for (let axis = rank - 1, rest = p; axis >= 0; axis--) {
          point.push(place(rest % spatial[axis]!, spatial[axis]!));
          rest = Math.floor(rest / spatial[axis]!);
        }
        for (let row = 0; row < rank; row++) {
          const start = (n * rank + row) * (rank + 1);
          let sum = matrix[start + rank]!;
          for (let k = 0; k < rank; k++) sum += matrix[start + k]! * point[k]!;
          target[(n * points + p) * rank + row] = sum;
        }
      }
    }
    return makeArray(theta!.dtype, dims, target);
  },
});
