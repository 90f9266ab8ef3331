import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { pool } from '../pool.ts';

/** The average of each window, over the elements inside the input or (`count_include_pad`) its padding as well. */
export const averagePool = kernel('AveragePool', {
  versions: [1, 7, 10, 11, 19, 22],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes, inputs: [x] }) =>
    pool(x!, attributes, (source, base, { positions, count, padded }) => {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += source[base + positions[t]!]!;
      return sum / (attributes.count_include_pad === 1 ? padded : count);
    }),
});
