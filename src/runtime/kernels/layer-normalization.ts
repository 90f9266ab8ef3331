import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import { allocateNumbers, makeArray, type NdArray, normalAxis, numbersOf, productOf } from '../array.ts';
import { broadcastStrides } from '../broadcast.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { positions } from '../padded.ts';

/** y = (x − mean) / √(variance + ε) · scale + bias over the axes from `axis` on; mean and 1/√… come along on request. */
export const layerNormalization = kernel('LayerNormalization', {
  versions: [17],
  types: 'T, T, T -> ?, ?, ?',
  where: { T: floats },
  outputTypes: ({ inputs: [x], attributes }) => {
    const stash = dataTypeFromCode(attributes['stash_type'] as number);
    return [x, stash, stash];
  },
  run({ attributes: { axis, epsilon, stash_type }, inputs: [x, scale, bias] }) {
    const from = normalAxis(axis, x!.dims.length);
    return normalizeLayers(x!, from, scale!, bias, epsilon, dataTypeFromCode(stash_type));
  },
});

/** The normalized array, and the mean and 1/√… of each layer in the type `stash`; layers are the axes from `axis` on. */
export function normalizeLayers(
  x: NdArray,
  axis: number,
  scale: NdArray,
  bias: NdArray | undefined,
  epsilon: number,
  stash: DataType,
): NdArray[] {
  const { dtype, dims } = x;
  const inner = productOf(dims, axis);
  const outer = productOf(dims, 0, axis);
  const statistics = dims.map((d, i) => (i < axis ? d : 1));
  const mean = allocateNumbers(stash, statistics);
  const inverse = allocateNumbers(stash, statistics);
  const source = numbersOf(x);
  const target = allocateNumbers(dtype, dims);
  const tail = dims.slice(axis);
  const gains = numbersOf(scale);
  const gainAt = positions(tail, broadcastStrides(scale.dims, tail));
  const offsets = bias && numbersOf(bias);
  const offsetAt = bias && positions(tail, broadcastStrides(bias.dims, tail));
  for (let row = 0; row < outer; row++) {
    const start = row * inner;
    let sum = 0;
    for (let i = start; i < start + inner; i++) sum += source[i]!;
    const average = sum / inner;
    let squares = 0;
    for (let i = start; i < start + inner; i++) squares += (source[i]! - average) ** 2;
    const factor = 1 / Math.sqrt(squares / inner + epsilon);
    for (let i = 0; i < inner; i++) {
      const normal = (source[start + i]! - average) * factor * gains[gainAt[i]!]!;
      target[start + i] = offsets === undefined ? normal : normal + offsets[offsetAt![i]!]!;
    }
    mean[row] = average;
    inverse[row] = factor;
  }
  return [
    makeArray(dtype, dims, target),
    makeArray(stash, statistics, mean),
    makeArray(stash, statistics, inverse),
  ];
}
