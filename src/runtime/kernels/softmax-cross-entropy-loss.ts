import { allocateDoubles, allocateNumbers, makeArray, numbersOf, productOf } from '../array.ts';
import { floats, indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { likelihoodLoss } from '../likelihood-loss.ts';

/** The loss of scores [N, C, …], which softmax makes probabilities, and the logarithms of these. */
export const softmaxCrossEntropyLoss = kernel('SoftmaxCrossEntropyLoss', {
  versions: [12, 13],
  types: 'T, I, T -> T, T',
  where: { T: floats, I: indices },
  run({ attributes, inputs: [x, target, weight] }) {
    const { dims, dtype } = x!;
    const logs = logSoftmax(numbersOf(x!), dims);
    const stored = allocateNumbers(dtype, dims);
    stored.set(logs);
    return [likelihoodLoss(dtype, dims, logs, target!, weight, attributes), makeArray(dtype, dims, stored)];
  },
});

/** x − ln Σ e^x over the classes. */
function logSoftmax(x: ArrayLike<number>, dims: readonly number[]): Float64Array {
  const result = allocateDoubles(x.length);
  const classes = dims[1] ?? 1;
  const inner = productOf(dims, 2);
  for (let row = 0; row < x.length / Math.max(classes, 1); row++) {
    const start = Math.floor(row / inner) * classes * inner + (row % inner);
    let top = -Infinity;
    for (let c = 0; c < classes; c++) top = Math.max(top, x[start + c * inner]!);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(x[start + c * inner]! - top);
    const offset = top + Math.log(sum);
    for (let c = 0; c < classes; c++) result[start + c * inner] = x[start + c * inner]! - offset;
  }
  return result;
}
