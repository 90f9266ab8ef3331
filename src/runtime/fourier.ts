/** Real and imaginary parts, one after the other: element k at 2k and 2k + 1. */
export type Complex = Float64Array;

/**
 * The discrete Fourier transform of any length, Σ x[n]·e^(∓2πi·kn/N), in double precision; the inverse is divided by N.
 *
 * Splits the length by its prime factors (Cooley and Tukey); a prime length p takes p² steps.
 */
export function transform(x: Complex, inverse: boolean): Complex {
  const length = x.length / 2;
  if (length === 0) return x;
  const turns = rootsOfUnity(length, inverse ? 1 : -1);
  const result = split(x, 0, 1, length, turns);
  if (inverse) for (let i = 0; i < result.length; i++) result[i]! /= length;
  return result;
}

/** e^(±2πi·k/N) for every k. */
function rootsOfUnity(length: number, sign: number): Complex {
  const roots = new Float64Array(2 * length);
  for (let k = 0; k < length; k++) {
    const angle = (sign * 2 * Math.PI * k) / length;
    roots[2 * k] = Math.cos(angle);
    roots[2 * k + 1] = Math.sin(angle);
  }
  return roots;
}

/** Transforms the `count` elements at start, start + stride, …; at most log2(count) calls deep. */
function split(x: Complex, start: number, stride: number, count: number, roots: Complex): Complex {
  if (count === 1) return x.slice(2 * start, 2 * start + 2);
  const factor = smallestFactor(count);
  const part = count / factor;
  const parts = Array.from({ length: factor }, (_, r) =>
    split(x, start + r * stride, stride * factor, part, roots),
  );
  const result = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    let real = 0;
    let imaginary = 0;
    for (let r = 0; r < factor; r++) {
      const at = 2 * (k % part);
      const root = 2 * (((r * k) % count) * stride);
      const [a, b] = [parts[r]![at]!, parts[r]![at + 1]!];
      const [c, d] = [roots[root]!, roots[root + 1]!];
      real += a * c - b * d;
      imaginary += a * d + b * c;
    }
    result[2 * k] = real;
    result[2 * k + 1] = imaginary;
  }
  return result;
}

function smallestFactor(count: number): number {
  for (let factor = 2; factor * factor <= count; factor++) if (count % factor === 0) return factor;
  return count;
}
