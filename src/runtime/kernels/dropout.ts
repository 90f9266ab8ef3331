import { allocateCells, allocateNumbers, makeArray, numbersOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/**
 * Nothing, outside of training. In training each element is dropped with the probability `ratio`, and the others grow to
 * make up for it. The mask is true where an element is kept.
 */
export const dropout = kernel('Dropout', {
  versions: [1, 6, 7, 10, 12, 13, 22],
  types: 'T, R, bool -> T, ?',
  where: { T: floats, R: floats },
  outputTypes: ({ inputs: [x], version }) => [x, version < 10 ? x : 'bool'],
  run({ attributes, inputs: [x, ratioInput, training], version, wants, random }) {
    const old = attributes as { is_test?: number; ratio?: number };
    const trains = version < 7 ? old.is_test !== 1 : training?.data[0] === 1;
    const ratio = ratioInput === undefined ? (old.ratio ?? 0.5) : numbersOf(ratioInput)[0]!;
    const drops = trains && ratio !== 0;
    if (!drops && !wants(1)) return x!;
    const dtype = version < 10 ? x!.dtype : 'bool';
    const mask = allocateCells(dtype, x!.dims);
    if (!drops) {
      for (let i = 0; i < mask.length; i++) mask[i] = 1;
      return [x!, makeArray(dtype, x!.dims, mask)];
    }
    const { uniform } = random(attributes.seed);
    const source = numbersOf(x!);
    const target = allocateNumbers(x!.dtype, x!.dims);
    for (let i = 0; i < mask.length; i++) {
      mask[i] = uniform() >= ratio ? 1 : 0;
      target[i] = (source[i]! * mask[i]!) / (1 - ratio);
    }
    return [makeArray(x!.dtype, x!.dims, target), makeArray(dtype, x!.dims, mask)];
  },
});
