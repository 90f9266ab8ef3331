import { cellsOf } from '../array.ts';
import { floats, indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { likelihoodLoss } from '../likelihood-loss.ts';

/** The loss of log probabilities [N, C, …] against the classes that are right. */
export const negativeLogLikelihoodLoss = kernel('NegativeLogLikelihoodLoss', {
  versions: [12, 13, 22],
  types: 'T, I, T -> T',
  where: { T: floats, I: indices },
  run: ({ attributes, inputs: [x, target, weight] }) =>
    likelihoodLoss(x!.dtype, x!.dims, cellsOf(x!), target!, weight, attributes),
});
