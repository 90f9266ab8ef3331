/** How a grid's positions are read and what lies outside the input. */
export interface GridMode {
  readonly padding: string;
  /** Whether −1 and 1 are the centres of the outermost elements rather than their outer edges. */
  readonly corners: boolean;
  readonly interpolation: string;
}

/** A position moved into the input: to its border, or mirrored at it as often as it takes. */
export function placeInside(at: number, length: number, { padding, corners }: GridMode): number {
  if (padding !== 'reflection') return Math.max(0, Math.min(length - 1, at));
  const low = corners ? 0 : -0.5;
  const span = corners ? length - 1 : length;
  if (span === 0) return 0;
  const distance = Math.abs(at - low);
  const phase = distance % (2 * span);
  const mirrored = low + (phase > span ? 2 * span - phase : phase);
  return Math.max(0, Math.min(length - 1, mirrored));
}

/** Weights of the four elements around a position, the cubic convolution with a = −0.75. */
export function cubicWeights(rest: number): number[] {
  const a = -0.75;
  return [1 + rest, rest, 1 - rest, 2 - rest].map((d) =>
    d <= 1 ? (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 : a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a,
  );
}
