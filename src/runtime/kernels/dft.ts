import { ModelError } from '../../support/errors.ts';
import {
  allocateNumbers,
  integersOf,
  makeArray,
  type NdArray,
  normalAxis,
  numbersOf,
  productOf,
} from '../array.ts';
import { floats, indices } from '../dtypes.ts';
import { transform } from '../fourier.ts';
import { kernel } from '../kernel.ts';

/** The discrete Fourier transform along an axis; the last axis holds real and imaginary parts, or real ones alone. */
export const dft = kernel('DFT', {
  versions: [20],
  types: 'T, I, A -> T',
  where: { T: floats, I: indices, A: indices },
  run: ({ attributes, inputs: [x, length, axis] }) =>
    transformed(x!, length, axis === undefined ? -2 : integersOf(axis)[0]!, attributes),
});

export const dft17 = kernel('DFT', {
  versions: [17],
  types: 'T, I -> T',
  where: { T: floats, I: indices },
  run: ({ attributes, inputs: [x, length] }) =>
    transformed(x!, length, (attributes as { axis?: number }).axis ?? 1, attributes),
});

interface DftAttributes {
  readonly inverse: number;
  readonly onesided: number;
}

/**
 * One side of a spectrum is its first ⌊N / 2⌋ + 1 elements. The inverse of one side makes real numbers: the other side
 * is its mirror image, conjugated.
 */
function transformed(
  x: NdArray,
  lengthInput: NdArray | undefined,
  axisGiven: number,
  { inverse, onesided }: DftAttributes,
): NdArray {
  const { dims } = x;
  const axis = normalAxis(axisGiven, dims.length);
  const parts = dims.at(-1)!;
  if (axis === dims.length - 1 || (parts !== 1 && parts !== 2))
    throw new ModelError('shape-mismatch', `[${dims}] has no axis ${axisGiven} of real or complex numbers.`);
  const mirrored = inverse === 1 && onesided === 1 && parts === 2;
  if (onesided === 1 && inverse === 1 && !mirrored)
    throw new ModelError('shape-mismatch', `One side of a spectrum is complex; [${dims}] is real.`);
  const given = dims[axis]!;
  const length =
    lengthInput === undefined ? (mirrored ? 2 * (given - 1) : given) : integersOf(lengthInput)[0]!;
  if (length < 1) throw new ModelError('shape-mismatch', `A transform of ${length} elements is not defined.`);
  const kept = onesided === 1 && !mirrored ? Math.floor(length / 2) + 1 : length;
  const outParts = mirrored ? 1 : 2;
  const out = dims.with(axis, kept).with(-1, outParts);
  const target = allocateNumbers(x.dtype, out);
  const source = numbersOf(x);
  const inner = productOf(dims, axis + 1, dims.length - 1);
  const rows = productOf(dims, 0, axis) * inner;
  const signal = new Float64Array(2 * length);
  const used = Math.min(given, length);
  for (let row = 0; row < rows; row++) {
    const outer = Math.floor(row / inner);
    const column = row % inner;
    signal.fill(0);
    for (let n = 0; n < used; n++) {
      const from = ((outer * given + n) * inner + column) * parts;
      signal[2 * n] = source[from]!;
      if (parts === 2) signal[2 * n + 1] = source[from + 1]!;
    }
    if (mirrored) mirror(signal, length);
    const result = transform(signal, inverse === 1);
    for (let k = 0; k < kept; k++) {
      const to = ((outer * kept + k) * inner + column) * outParts;
      for (let part = 0; part < outParts; part++) target[to + part] = result[2 * k + part]!;
    }
  }
  return makeArray(x.dtype, out, target);
}

function mirror(spectrum: Float64Array, length: number): void {
  spectrum[1] = 0;
  for (let k = Math.floor(length / 2) + 1; k < length; k++) {
    spectrum[2 * k] = spectrum[2 * (length - k)]!;
    spectrum[2 * k + 1] = -spectrum[2 * (length - k) + 1]!;
  }
  if (length % 2 === 0) spectrum[length + 1] = 0;
}
