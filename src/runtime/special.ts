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

const fround = Math.fround;
const [p0, p1, p2, p3, p4] = [
  4.37031012579801e-11, 1.15627324459942e-7, 6.08574864600143e-5, 8.51377133304701e-3, 2.48287947061529e-1,
].map(fround) as [number, number, number, number, number];
const [q0, q1, q2, q3, q4, q5] = [
  6.10247389755681e-13, 5.76102136993427e-9, 6.2910678501704e-6, 1.70198817374094e-3, 1.16817656904453e-1,
  9.9315192102318e-1,
].map(fround) as [number, number, number, number, number, number];

/**
 * The logistic function of float32 values as ONNX Runtime computes it: 1/2 + x·P(x²)/Q(x²) in fused multiply-adds, off
 * by at most 2e-7. The true value would part from it in every network that quantizes behind a Sigmoid.
 */
export const logistic32 = (() => {
  // Constants of the closure, which loops that this is inlined into need not load each time.
  const [a0, a1, a2, a3, a4] = [p0, p1, p2, p3, p4];
  const [b0, b1, b2, b3, b4, b5] = [q0, q1, q2, q3, q4, q5];
  return (value: number): number => {
    let x = value;
    if (x > 18) x = 18;
    else if (x < -18) x = -18;
    const square = fround(x * x);
    let p = fround(a0 * square + a1);
    let q = fround(b0 * square + b1);
    p = fround(p * square + a2);
    q = fround(q * square + b2);
    p = fround(p * square + a3);
    q = fround(q * square + b3);
    p = fround(p * square + a4);
    q = fround(q * square + b4);
    q = fround(q * square + b5);
    const result = fround(fround(fround(p * x) / q) + 0.5);
    // NaN fails both comparisons.
    if (result > 1) return 1;
    if (result <= 0) return 0;
    return result;
  };
})();
