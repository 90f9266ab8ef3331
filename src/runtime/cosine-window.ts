import { dataTypeFromCode } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { allocateNumbers, integersOf, makeArray } from './array.ts';
import { convert } from './convert.ts';
import { indices } from './dtypes.ts';
import { type Kernel, kernel } from './kernel.ts';

/**
 * Kernel of a window a₀ − a₁·cos(2πn/N) + a₂·cos(4πn/N) of the size that its input gives. N is the size if the window is
 * periodic, else one less.
 */
export function cosineWindow(opType: string, [a0, a1, a2]: readonly [number, number, number]): Kernel {
  return kernel<string>(opType, {
    versions: [17],
    types: 'I -> ?',
    where: { I: indices },
    outputTypes: ({ attributes }) => [dataTypeFromCode(attributes['output_datatype'] as number)],
    run({ attributes, inputs: [sizeInput] }) {
      const size = integersOf(sizeInput!)[0]!;
      if (size < 0) throw new ModelError('shape-mismatch', `A window of ${size} elements is not defined.`);
      const period = attributes['periodic'] === 1 ? size : size - 1;
      const target = allocateNumbers('float64', [size]);
      for (let n = 0; n < size; n++) {
        const angle = (2 * Math.PI * n) / period;
        target[n] = a0 - a1 * Math.cos(angle) + a2 * Math.cos(2 * angle);
      }
      const dtype = dataTypeFromCode(attributes['output_datatype'] as number);
      return convert(makeArray('float64', [size], target), dtype, { saturate: true, roundMode: 'up' });
    },
  });
}
