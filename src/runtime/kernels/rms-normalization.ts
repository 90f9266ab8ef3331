import { allocateNumbers, makeArray, normalAxis, numbersOf, productOf } from '../array.ts';
import { broadcastStrides } from '../broadcast.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { positions } from '../padded.ts';

/** y = x / √(mean of x² + ε) · scale over the axes from `axis` on. */
export const rmsNormalization = kernel('RMSNormalization', {
  versions: [23],
  types: 'T, S -> S',
  where: { T: floats, S: floats },
  run({ attributes, inputs: [x, scale] }) {
    const { dims } = x!;
    const axis = normalAxis(attributes.axis, dims.length);
    const tail = dims.slice(axis);
    const inner = productOf(tail);
    const source = numbersOf(x!);
    const gains = numbersOf(scale!);
    const gainAt = positions(tail, broadcastStrides(scale!.dims, tail));
    const target = allocateNumbers(scale!.dtype, dims);
    for (let start = 0; start < source.length; start += inner) {
      let squares = 0;
      for (let i = start; i < start + inner; i++) squares += source[i]! ** 2;
      const factor = 1 / Math.sqrt(squares / inner + attributes.epsilon);
      for (let i = 0; i < inner; i++) target[start + i] = source[start + i]! * factor * gains[gainAt[i]!]!;
    }
    return makeArray(scale!.dtype, dims, target);
  },
});
