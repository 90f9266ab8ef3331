import { dataTypeFromCode } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { arrayOf, numbersOf } from '../array.ts';
import { floats, indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Classes drawn for each row of logarithms of probabilities, which need not add up to one. */
export const multinomial = kernel('Multinomial', {
  versions: [7, 22],
  types: 'T -> ?',
  where: { T: floats },
  outputTypes: ({ attributes }) => [dataTypeFromCode(attributes['dtype'] as number)],
  run({ attributes: { dtype: code, sample_size, seed }, inputs: [x], random }) {
    const dtype = dataTypeFromCode(code);
    const [rows, classes] = x!.dims as [number, number];
    if (x!.dims.length !== 2 || classes === 0)
      throw new ModelError('shape-mismatch', `[${x!.dims}] is no [N, classes].`);
    if (!indices.includes(dtype))
      throw new ModelError(
        'unsupported-dtype',
        `Classes are drawn as ${indices.join(' or ')}, not as ${dtype}.`,
      );
    const { uniform } = random(seed);
    const source = numbersOf(x!);
    const drawn: number[] = [];
    for (let row = 0; row < rows; row++) {
      const scores = Array.from(source.subarray(row * classes, (row + 1) * classes));
      const top = scores.reduce((best, score) => Math.max(best, score), -Infinity);
      let total = 0;
      const reached = scores.map((score) => (total += Math.exp(score - top)));
      for (let n = 0; n < sample_size; n++) {
        const at = uniform() * total;
        drawn.push(Math.min(reached.findIndex((sum) => at < sum) >>> 0, classes - 1));
      }
    }
    return arrayOf(dtype, [rows, sample_size], drawn);
  },
});
