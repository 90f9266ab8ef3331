import type { DataType } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import {
  allocateNumbers,
  type Cells,
  integersOf,
  makeArray,
  type NdArray,
  numbersOf,
  productOf,
  sameDims,
} from './array.ts';

interface LossAttributes {
  readonly reduction: string;
  readonly ignore_index?: number | undefined;
}

/**
 * −weight[class]·logProbability[n, class, …] for the class that the target names; 0 where it is ignored. `mean` divides
 * the sum by the weights of all that is not ignored.
 */
export function likelihoodLoss(
  dtype: DataType,
  dims: readonly number[],
  logProbabilities: Cells,
  target: NdArray,
  weight: NdArray | undefined,
  { reduction, ignore_index }: LossAttributes,
): NdArray {
  const [batch, classes] = dims as [number, number];
  const lossDims = [batch, ...dims.slice(2)];
  if (dims.length < 2 || !sameDims(target.dims, lossDims) || (weight && weight.data.length !== classes)) {
    throw new ModelError(
      'shape-mismatch',
      `Scores [${dims}], targets [${target.dims}] and weights [${weight?.dims ?? classes}] do not fit each other.`,
    );
  }
  const inner = productOf(dims, 2);
  const weights = weight && numbersOf(weight);
  const losses = allocateNumbers(reduction === 'none' ? dtype : 'float64', lossDims);
  let total = 0;
  let weighed = 0;
  integersOf(target).forEach((label, i) => {
    if (label === ignore_index) return;
    if (label < 0 || label >= classes)
      throw new ModelError('index-out-of-range', `Target ${label} names none of ${classes} classes.`);
    const factor = weights?.[label] ?? 1;
    losses[i] = -logProbabilities[(Math.floor(i / inner) * classes + label) * inner + (i % inner)]! * factor;
    total += losses[i]!;
    weighed += factor;
  });
  if (reduction === 'none') return makeArray(dtype, lossDims, losses);
  if (reduction !== 'mean' && reduction !== 'sum')
    throw new ModelError('unsupported-attribute', `A loss has no reduction "${reduction}".`);
  const result = allocateNumbers(dtype, []);
  result[0] = reduction === 'sum' ? total : total / weighed;
  return makeArray(dtype, [], result);
}
