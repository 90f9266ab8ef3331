import { doublesOf, makeArray, normalAxis } from '../array.ts';
import { floats } from '../dtypes.ts';
import { mapElements, zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { meanOver } from '../reduce.ts';

/** (x − mean) / (√variance + 1e-9) over some axes, those of batch and space unless given. */
export const meanVarianceNormalization = kernel('MeanVarianceNormalization', {
  versions: [9, 13],
  types: 'T -> T',
  where: { T: floats },
  run({ attributes, inputs: [x] }) {
    const axes = (attributes.axes ?? [0, 2, 3]).map((axis) => normalAxis(axis, x!.dims.length));
    const doubles = makeArray('float64', x!.dims, doublesOf(x!));
    const centred = zipElements(doubles, meanOver(doubles, axes, true), 'float64', (v, mean) => v - mean);
    const variance = meanOver(
      mapElements(centred, 'float64', (v) => v * v),
      axes,
      true,
    );
    return zipElements(centred, variance, x!.dtype, (v, spread) => v / (Math.sqrt(spread) + 1e-9));
  },
});
