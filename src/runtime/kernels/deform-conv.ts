import { ModelError } from '../../support/errors.ts';
import { allocateDoubles, allocateNumbers, makeArray, numbersOf, productOf } from '../array.ts';
import { zeroPaddedTaps } from '../bilinear.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { slideWindow } from '../window.ts';

/** A two-dimensional convolution whose taps are moved by offsets, sampled bilinearly and weighed by a mask. */
export const deformConv = kernel('DeformConv', {
  versions: [19, 22],
  types: 'T, T, T, T, T -> T',
  where: { T: floats },
  run({ attributes, inputs: [x, w, offset, bias, mask] }) {
    if (x!.dims.length !== 4)
      throw new ModelError(
        'unsupported-attribute',
        `DeformConv is run over two axes only, not over [${x!.dims}].`,
      );
    const [batch, channels, rows, columns] = x!.dims as [number, number, number, number];
    const [filters, depth, kernelRows, kernelColumns] = w!.dims as [number, number, number, number];
    const { group, offset_group: groups } = attributes;
    const window = slideWindow([rows, columns], [kernelRows, kernelColumns], attributes);
    const [height, width] = window.output as [number, number];
    const count = height * width;
    const taps = kernelRows * kernelColumns;
    const [source, weights, moves] = [numbersOf(x!), numbersOf(w!), numbersOf(offset!)];
    const masks = mask && numbersOf(mask);
    const dims = [batch, filters, height, width];
    const target = allocateNumbers(x!.dtype, dims);
    const samples = allocateDoubles(channels * taps * count);
    const perFilter = productOf(w!.dims, 1);
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const block = n * groups + Math.floor((c * groups) / channels);
        const base = (n * channels + c) * rows * columns;
        for (let t = 0; t < taps; t++) {
          for (let o = 0; o < count; o++) {
            const at = (block * taps + t) * count + o;
            const row = Math.floor(t / kernelColumns) * window.dilations[0]! - window.padsBegin[0]!;
            const column = (t % kernelColumns) * window.dilations[1]! - window.padsBegin[1]!;
            const y =
              Math.floor(o / width) * window.strides[0]! + row + moves[at + (block * taps + t) * count]!;
            const over =
              (o % width) * window.strides[1]! + column + moves[at + (block * taps + t + 1) * count]!;
            let sum = 0;
            for (const { position, weight } of zeroPaddedTaps(y, over, rows, columns))
              sum += weight * source[base + position]!;
            samples[(c * taps + t) * count + o] = sum * (masks?.[at] ?? 1);
          }
        }
      }
      for (let f = 0; f < filters; f++) {
        const first = Math.floor((f * group) / filters) * depth * taps;
        for (let o = 0; o < count; o++) {
          let sum = bias === undefined ? 0 : numbersOf(bias)[f]!;
          for (let k = 0; k < perFilter; k++)
            sum += weights[f * perFilter + k]! * samples[(first + k) * count + o]!;
          target[(n * filters + f) * count + o] = sum;
        }
      }
    }
    return makeArray(x!.dtype, dims, target);
  },
});
