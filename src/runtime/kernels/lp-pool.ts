import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { pool } from '../pool.ts';

/** (Σ |x|^p)^(1/p) of each window. */
export const lpPool = kernel('LpPool', {
  versions: [1, 2, 11, 18, 22],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes, inputs: [x] }) =>
    pool(x!, attributes, (source, base, { positions, count }) => {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += Math.abs(source[base + positions[t]!]!) ** attributes.p;
      return sum ** (1 / attributes.p);
    }),
});
