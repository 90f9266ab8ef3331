import {
  any,
  anyOf,
  type Constant,
  constant,
  type InputPattern,
  type NodeMatch,
  type Objection,
  op,
  optional,
} from '../../pattern/index.ts';

/** Batch norms behind convolutions, as the folding rules see them. */

export type Convolution = NodeMatch<'Conv' | 'ConvTranspose'>;

/** What a batch norm does to one output channel: multiply, then add. */
export interface BatchNorm {
  readonly norm: NodeMatch<'BatchNormalization'>;
  readonly gamma: Constant;
  readonly beta: Constant;
  readonly mean: Constant;
  readonly variance: Constant;
}

/** Conv or ConvTranspose → BatchNormalization, with constant bias and statistics. */
export function convThenBatchNorm<C>(weights: InputPattern<C>) {
  return op
    .BatchNormalization(
      anyOf(['Conv', 'ConvTranspose'] as const, any('x'), weights, optional(constant('b'))).as('conv'),
      constant('gamma'),
      constant('beta'),
      constant('mean'),
      constant('variance'),
    )
    .as('norm');
}

/** gamma / √(variance + epsilon) by channel, in double precision. */
export function gainsOf({ norm, gamma, variance }: BatchNorm): readonly number[] {
  const variances = variance.numbers();
  const { epsilon } = norm.attributes;
  return gamma.numbers().map((g, m) => g / Math.sqrt(variances[m]! + epsilon));
}

/** gain · (b − mean) + beta by channel: computed in double precision, rounded once. */
export function foldedBias(facts: BatchNorm, b: Constant | undefined): Float32Array {
  const [means, betas, biases] = [facts.mean.numbers(), facts.beta.numbers(), b?.numbers()];
  return Float32Array.from(gainsOf(facts), (gain, m) => gain * ((biases?.[m] ?? 0) - means[m]!) + betas[m]!);
}

/**
 * The output channel of each element of a convolution's weights, in row-major order: Conv has it in axis 0 of
 * [M, C/g, …], ConvTranspose spreads it over the groups of axis 0 and axis 1 of [C, M/g, …].
 */
export function outputChannels(conv: Convolution, dims: readonly number[]): (element: number) => number {
  const [outer = 1, inner = 1, ...kernel] = dims;
  const area = kernel.reduce((product, length) => product * length, 1);
  if (conv.opType === 'Conv') return (element) => Math.floor(element / (inner * area));
  const perGroup = outer / conv.attributes.group;
  return (element) => {
    const row = Math.floor(element / area);
    return Math.floor(Math.floor(row / inner) / perGroup) * inner + (row % inner);
  };
}

/** Number of output channels that weights of these dims have. */
export function channelCount(conv: Convolution, dims: readonly number[]): number {
  return conv.opType === 'Conv' ? dims[0]! : dims[1]! * conv.attributes.group;
}

/** Objects to a batch norm that is not the fixed multiply-and-add of inference, or does not fit the convolution. */
export function unlessFixed(
  facts: BatchNorm,
  conv: Convolution,
  weightDims: readonly number[],
  b: Constant | undefined,
): Objection {
  const { norm, gamma, beta, mean, variance } = facts;
  const { training_mode, is_test, spatial } = norm.attributes;
  const opset = norm.opset ?? 0;
  if (training_mode === 1 || (opset < 7 && is_test !== 1) || norm.outputs.slice(1).some(Boolean))
    return `${norm} is in training mode`;
  if (spatial === 0) return `${norm} has statistics for each place, not each channel`;
  if (weightDims.length < 3) return `the weights of ${conv} have ${weightDims.length} axes`;
  const channels = channelCount(conv, weightDims);
  for (const value of [gamma, beta, mean, variance, ...(b === undefined ? [] : [b])]) {
    if (value.dtype !== 'float32') return `${value} is ${value.dtype}; only float32 is folded`;
    if (value.dims.length !== 1 || value.size !== channels)
      return `${value} has dims [${value.dims}], and ${conv} ${channels} channels`;
  }
  const bad = gainsOf(facts).findIndex((gain) => !Number.isFinite(gain));
  if (bad >= 0)
    return `the gain of channel ${bad} is no finite number: its variance is ${variance.numbers()[bad]}`;
  return false;
}
