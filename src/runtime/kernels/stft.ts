import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, integersOf, makeArray, numbersOf } from '../array.ts';
import { floats, indices } from '../dtypes.ts';
import { transform } from '../fourier.ts';
import { kernel } from '../kernel.ts';

/** Fourier transforms of frames of a signal, one every `frame_step` samples, each multiplied with the window. */
export const stft = kernel('STFT', {
  versions: [17],
  types: 'T, I, T, I -> T',
  where: { T: floats, I: indices },
  run({ attributes: { onesided }, inputs: [x, stepInput, window, lengthInput] }) {
    const { dims, dtype } = x!;
    const [batch, samples, parts] = dims.length === 2 ? [...dims, 1] : dims;
    if (dims.length < 2 || dims.length > 3 || parts! > 2)
      throw new ModelError('shape-mismatch', `[${dims}] is no signal [N, samples, 1 or 2].`);
    const step = integersOf(stepInput!)[0]!;
    const length = lengthInput === undefined ? (window?.dims[0] ?? samples!) : integersOf(lengthInput)[0]!;
    if (step < 1 || length < 1 || length > samples! || (window !== undefined && window.dims[0] !== length)) {
      throw new ModelError(
        'shape-mismatch',
        `Frames of ${length} samples, ${step} apart, with a window of [${window?.dims ?? ''}] do not fit [${dims}].`,
      );
    }
    if (onesided === 1 && parts === 2)
      throw new ModelError('unsupported-attribute', 'The spectrum of a complex signal has two sides.');
    const frames = 1 + Math.floor((samples! - length) / step);
    const kept = onesided === 1 ? Math.floor(length / 2) + 1 : length;
    const target = allocateNumbers(dtype, [batch!, frames, kept, 2]);
    const source = numbersOf(x!);
    const weights = window && numbersOf(window);
    const frame = new Float64Array(2 * length);
    for (let row = 0; row < batch! * frames; row++) {
      const start = Math.floor(row / frames) * samples! + (row % frames) * step;
      for (let n = 0; n < length; n++) {
        const weight = weights?.[n] ?? 1;
        for (let part = 0; part < parts!; part++)
          frame[2 * n + part] = source[(start + n) * parts! + part]! * weight;
      }
      target.set(transform(frame, false).subarray(0, 2 * kept), row * kept * 2);
    }
    return makeArray(dtype, [batch!, frames, kept, 2], target);
  },
});
