import { allocateNumbers, makeArray, numbersOf } from '../array.ts';
import { convert } from '../convert.ts';
import { drawnType } from '../draw.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** 1 with the probability that each element gives, else 0. */
export const bernoulli = kernel('Bernoulli', {
  versions: [15, 22],
  types: 'T -> ?',
  where: { T: floats },
  outputTypes: (call) => [drawnType(call)],
  run({ attributes, inputs: [x], random }) {
    const { uniform } = random(attributes.seed);
    const source = numbersOf(x!);
    const target = allocateNumbers('uint8', x!.dims);
    for (let i = 0; i < target.length; i++) target[i] = uniform() < source[i]! ? 1 : 0;
    const dtype = drawnType({ attributes, inputs: [x!.dtype] })!;
    return convert(makeArray('uint8', x!.dims, target), dtype, { saturate: true, roundMode: 'up' });
  },
});
