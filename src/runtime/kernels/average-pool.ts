import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { pool, poolWindow, type WindowReduction } from '../pool.ts';
import { averageOfPlane, poolPlanes, suitsPlanes } from '../pool-planes.ts';

/** The average of each window, over the elements inside the input or (`count_include_pad`) its padding as well. */
export const averagePool = kernel('AveragePool', {
  versions: [1, 7, 10, 11, 19, 22],
  types: 'T -> T',
  where: { T: floats },
  run({ attributes, inputs: [x] }) {
    const { spatial, window } = poolWindow(x!, attributes);
    const includePad = attributes.count_include_pad === 1;
    return suitsPlanes(spatial, window)
      ? poolPlanes(x!, window, averageOfPlane(includePad))
      : pool(x!, attributes, average(includePad));
  },
});

/** The average of the taps, counting those in the padding where wanted. */
export function average(includePad: boolean): WindowReduction {
  return (source, base, { positions, count, padded }) => {
    let sum = 0;
    for (let t = 0; t < count; t++) sum += source[base + positions[t]!]!;
    return sum / (includePad ? padded : count);
  };
}
