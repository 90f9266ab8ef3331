import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { reduceAxes } from '../reduce.ts';

/** (Σ |x|^p)^(1/p) of each channel. */
export const globalLpPool = kernel('GlobalLpPool', {
  versions: [1, 2, 22],
  types: 'T -> T',
  where: { T: floats },
  run({ attributes: { p }, inputs: [x] }) {
    const axes = x!.dims.map((_, axis) => axis).slice(2);
    const add = (sum: number, v: number) => sum + Math.abs(v) ** p;
    return reduceAxes(x!, axes, true, { numbers: { start: 0, add, finish: (sum) => sum ** (1 / p) } });
  },
});
