import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, numbersOf, productOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/**
 * y = gain·x + offset per channel, with gain = scale / √(variance + ε) and offset = bias − mean·gain: the statistics that
 * were trained. Each step is rounded, as ONNX Runtime does.
 */
export const batchNormalization = kernel('BatchNormalization', {
  versions: [1, 6, 7, 9, 14, 15],
  types: 'T, S, S, M, M -> T',
  where: { T: floats, S: floats, M: floats },
  check({ node, attributes, version }) {
    if (trains(attributes, version) || (node.outputs[1] ?? '') !== '') {
      throw new ModelError('unsupported-attribute', 'BatchNormalization is run for inference only.', {
        fix: 'Export the model in evaluation mode.',
      });
    }
    if (attributes['spatial'] === 0)
      throw new ModelError(
        'unsupported-attribute',
        'BatchNormalization is run per channel only (spatial=1).',
      );
  },
  run({ attributes, inputs }) {
    const { epsilon } = attributes;
    const [x, scale, bias, mean, variance] = inputs.map((input) => numbersOf(input!));
    const { dtype, dims } = inputs[0]!;
    const channels = dims[1] ?? 1;
    for (const input of inputs.slice(1)) {
      if (input!.data.length !== channels) {
        throw new ModelError(
          'shape-mismatch',
          `x [${dims}] has ${channels} channels, but a statistic has ${input!.data.length} values.`,
        );
      }
    }
    const target = allocateNumbers(dtype, dims);
    const size = productOf(dims, 2);
    const round = dtype === 'float32' ? Math.fround : (value: number) => value;
    for (let start = 0, row = 0; start < target.length; start += size, row++) {
      const c = row % channels;
      const deviation = round(Math.sqrt(round(variance![c]! + epsilon)));
      const gain = round(round(1 / deviation) * scale![c]!);
      const offset = round(bias![c]! - round(mean![c]! * gain));
      for (let i = start; i < start + size; i++) target[i] = round(x![i]! * gain) + offset;
    }
    return makeArray(dtype, dims, target);
  },
});

/** Training is a mode from version 14 on; before version 7 it is what happens unless `is_test` says otherwise. */
function trains(attributes: object, version: number): boolean {
  const { training_mode, is_test } = attributes as { training_mode?: number; is_test?: number };
  return version < 7 ? is_test !== 1 : training_mode === 1;
}
