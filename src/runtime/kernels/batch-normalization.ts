import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf, productOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/**
 * y = gain·x + offset per channel, with gain = scale / √(variance + ε) and offset = bias − mean·gain. Each step is rounded,
 * as ONNX Runtime does.
 *
 * The statistics are those that were trained or, with `training_mode`, those of the batch; the others then move towards
 * them. `spatial=0` of the first versions has statistics for each element of a channel.
 */
export const batchNormalization = kernel('BatchNormalization', {
  versions: [1, 6, 7, 9, 14, 15],
  types: 'T, S, S, M, M -> T, M, M',
  where: { T: floats, S: floats, M: floats },
  check({ node, attributes, version }) {
    const more = node.outputs.slice(1).some((output) => output !== '');
    if (version < 14 && (attributes['is_test'] === 0 || more)) {
      throw new ModelError(
        'unsupported-attribute',
        'BatchNormalization is run for inference only before version 14.',
        { fix: 'Export the model in evaluation mode.' },
      );
    }
    if (more && attributes['training_mode'] !== 1)
      throw new ModelError('unsupported-attribute', 'BatchNormalization has one output unless it trains.', {
        fix: 'Remove the other outputs, or set training_mode to 1.',
      });
  },
  run({ attributes, inputs }) {
    const [x, scale, bias, mean, variance] = inputs as [NdArray, NdArray, NdArray, NdArray, NdArray];
    const { dims } = x;
    const whole = (attributes as { spatial?: number }).spatial !== 0;
    const channels = whole ? (dims[1] ?? 1) : productOf(dims, 1);
    for (const { data } of [scale, bias, mean, variance]) {
      if (data.length !== channels) {
        throw new ModelError(
          'shape-mismatch',
          `x [${dims}] has ${channels} channels, but a statistic has ${data.length} values.`,
        );
      }
    }
    const size = whole ? productOf(dims, 2) : 1;
    if (attributes.training_mode !== 1)
      return normalize(inputs as NdArray[], numbersOf(mean), numbersOf(variance), size, attributes.epsilon);
    const [center, spread] = statisticsOf(numbersOf(x), channels, size);
    const { momentum } = attributes;
    return [
      normalize(inputs as NdArray[], center, spread, size, attributes.epsilon),
      blend(mean, center, momentum),
      blend(variance, spread, momentum),
    ];
  },
});

function normalize(
  [input, scale, bias]: readonly NdArray[],
  mean: ArrayLike<number>,
  variance: ArrayLike<number>,
  size: number,
  epsilon: number,
): NdArray {
  const { dtype, dims } = input!;
  const [x, gains, offsets] = [numbersOf(input!), numbersOf(scale!), numbersOf(bias!)];
  const target = allocateNumbers(dtype, dims);
  const round = dtype === 'float32' ? Math.fround : (value: number) => value;
  for (let start = 0, row = 0; start < target.length; start += size, row++) {
    const c = row % mean.length;
    const deviation = round(Math.sqrt(round(variance[c]! + epsilon)));
    const gain = round(round(1 / deviation) * gains[c]!);
    const offset = round(offsets[c]! - round(mean[c]! * gain));
    for (let i = start; i < start + size; i++) target[i] = round(x[i]! * gain) + offset;
  }
  return makeArray(dtype, dims, target);
}

/** Mean and variance of each channel over the batch; the variance is that of the population. */
function statisticsOf(x: ArrayLike<number>, channels: number, size: number): [Float64Array, Float64Array] {
  const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
  const count = x.length / channels;
  for (let i = 0; i < x.length; i++) mean[Math.floor(i / size) % channels]! += x[i]! / count;
  for (let i = 0; i < x.length; i++) {
    const c = Math.floor(i / size) % channels;
    variance[c]! += (x[i]! - mean[c]!) ** 2 / count;
  }
  return [mean, variance];
}

function blend(running: NdArray, current: Float64Array, momentum: number): NdArray {
  const before = numbersOf(running);
  const target = allocateNumbers(running.dtype, running.dims);
  for (let i = 0; i < target.length; i++) target[i] = before[i]! * momentum + current[i]! * (1 - momentum);
  return makeArray(running.dtype, running.dims, target);
}
