/** Rounds to the nearest integer, halves to even, as QuantizeLinear does. Math.round would push every half upwards. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Rounds to the nearest integer, halves away from zero (TensorRT's DLA, some DSPs). */
export function roundHalfAway(x: number): number {
  return x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5);
}
