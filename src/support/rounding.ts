/**
 * Rounds to the nearest integer, halves to even, as QuantizeLinear and Round do. Math.round would push every half upwards.
 * What rounds to zero keeps its sign.
 */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5 || (rest === 0.5 && floor % 2 === 0)) return floor;
  return floor === -1 ? -0 : floor + 1;
}

/** Rounds to the nearest integer, halves away from zero (TensorRT's DLA, some DSPs). */
export function roundHalfAway(x: number): number {
  return x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5);
}
