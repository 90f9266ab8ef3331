/**
 * The error function, to double precision:
 *
 *     erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·5 … (2n+1))
 *
 * All terms have one sign, so nothing cancels. Beyond |x| = 6 the result is ±1 to the last bit.
 */
export function errorFunction(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x >= 6 || x <= -6) return x > 0 ? 1 : -1;
  const square = x * x;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
}
