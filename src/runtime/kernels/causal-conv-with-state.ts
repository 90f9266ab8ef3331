import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, numbersOf, sameDims } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { floatRounder } from '../round-float.ts';

/**
 * A depthwise convolution over [N, C, length] that sees the last k − 1 values before it, and hands on its own last ones.
 * Its sums are rounded to the element type before the activation, as the standard's definition by Conv and Sigmoid says.
 */
export const causalConvWithState = kernel('CausalConvWithState', {
  versions: [27],
  types: 'T, T, T, T -> T, T',
  where: { T: floats },
  run({ attributes: { activation }, inputs: [x, weight, bias, past] }) {
    const [batch, channels, length] = x!.dims as [number, number, number];
    const taps = weight!.dims[2]!;
    const stateDims = [batch, channels, taps - 1];
    if (x!.dims.length !== 3 || weight!.dims[0] !== channels || (past && !sameDims(past.dims, stateDims)))
      throw new ModelError(
        'shape-mismatch',
        `[${x!.dims}], [${weight!.dims}] and [${past?.dims ?? stateDims}] do not fit.`,
      );
    if (activation !== 'none' && activation !== 'silu' && activation !== 'swish')
      throw new ModelError('unsupported-attribute', `CausalConvWithState has no activation "${activation}".`);
    const [source, weights] = [numbersOf(x!), numbersOf(weight!)];
    const offsets = bias && numbersOf(bias);
    const before = past && numbersOf(past);
    const target = allocateNumbers(x!.dtype, x!.dims);
    const state = allocateNumbers(x!.dtype, stateDims);
    const padded = new Float64Array(length + taps - 1);
    const round = floatRounder(x!.dtype);
    for (let row = 0; row < batch * channels; row++) {
      padded.fill(0);
      for (let t = 0; t < taps - 1 && before; t++) padded[t] = before[row * (taps - 1) + t]!;
      for (let t = 0; t < length; t++) padded[taps - 1 + t] = source[row * length + t]!;
      const channel = row % channels;
      for (let t = 0; t < length; t++) {
        let sum = offsets?.[channel] ?? 0;
        for (let k = 0; k < taps; k++) sum += padded[t + k]! * weights[channel * taps + k]!;
        sum = round(sum);
        target[row * length + t] = activation === 'none' ? sum : sum / (1 + Math.exp(-sum));
      }
      state.set(padded.subarray(length), row * (taps - 1));
    }
    return [makeArray(x!.dtype, x!.dims, target), makeArray(x!.dtype, stateDims, state)];
  },
});
