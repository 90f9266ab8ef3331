import { dataTypeFromCode } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, doublesOf, makeArray } from '../array.ts';
import { convert } from '../convert.ts';
import { floats, indices } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

const toMel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const toHertz = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

/** Triangles on the mel scale that turn a spectrum into mel bins: [⌊dft_length / 2⌋ + 1, num_mel_bins]. */
export const melWeightMatrix = kernel('MelWeightMatrix', {
  versions: [17],
  types: 'I, I, I, F, F -> ?',
  where: { I: indices, F: floats },
  outputTypes: ({ attributes }) => [dataTypeFromCode(attributes['output_datatype'] as number)],
  run({ attributes: { output_datatype }, inputs }) {
    const [bins, length, rate, low, high] = inputs.map((input) => doublesOf(input!)[0]!) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const rows = Math.floor(length / 2) + 1;
    if (bins < 0 || length < 0 || rate <= 0)
      throw new ModelError(
        'shape-mismatch',
        `${bins} mel bins of ${length} samples at ${rate} Hz are not defined.`,
      );
    const step = (toMel(high) - toMel(low)) / (bins + 2);
    const edges = Array.from({ length: bins + 2 }, (_, i) =>
      Math.floor(((length + 1) * toHertz(i * step + toMel(low))) / rate),
    );
    if (edges.some((edge) => edge < 0 || edge >= rows))
      throw new ModelError(
        'shape-mismatch',
        `The mel bins from ${low} to ${high} Hz reach beyond ${rate / 2} Hz.`,
      );
    const target = allocateNumbers('float64', [rows, bins]);
    for (let bin = 0; bin < bins; bin++) {
      const [left, centre, right] = edges.slice(bin, bin + 3) as [number, number, number];
      target[centre * bins + bin] = 1;
      for (let row = left; row < centre; row++) target[row * bins + bin] = (row - left) / (centre - left);
      for (let row = centre; row < right; row++) target[row * bins + bin] = (right - row) / (right - centre);
    }
    const weights = makeArray('float64', [rows, bins], target);
    return convert(weights, dataTypeFromCode(output_datatype), { saturate: true, roundMode: 'up' });
  },
});
