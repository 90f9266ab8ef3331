/**
 * The inverse cosine transform of one 8 × 8 block in 13-bit integers, to the bit as libjpeg's accurate one computes it:
 * columns with two more bits, then rows.
 *
 * Loeffler, Ligtenberg, Moschytz: Practical fast 1-D DCT algorithms with 11 multiplications (1989).
 *
 * @param block coefficients, in their natural order, times their quantization step; changed in place into 0 … 255
 */
export function inverseCosine(block: Int32Array): void {
  for (let column = 0; column < 8; column++) transform(block, column, 8, 11);
  for (let row = 0; row < 64; row += 8) transform(block, row, 1, 18);
  for (let i = 0; i < 64; i++) block[i] = Math.max(0, Math.min(255, block[i]! + 128));
}

function transform(x: Int32Array, at: number, step: number, shift: number): void {
  const sample = (i: number) => x[at + i * step]!;
  const shared = (sample(2) + sample(6)) * 4433;
  const [even2, even3] = [shared - sample(6) * 15137, shared + sample(2) * 6270];
  const [sum, difference] = [(sample(0) + sample(4)) * 8192, (sample(0) - sample(4)) * 8192];
  const evens = [sum + even3, difference + even2, difference - even2, sum - even3];
  const [a, b, c, d] = [sample(7), sample(5), sample(3), sample(1)];
  const both = (a + c + b + d) * 9633;
  const [z1, z2] = [(a + d) * -7373, (b + c) * -20995];
  const [z3, z4] = [(a + c) * -16069 + both, (b + d) * -3196 + both];
  const odds = [d * 12299 + z1 + z4, c * 25172 + z2 + z3, b * 16819 + z2 + z4, a * 2446 + z1 + z3];
  const half = 2 ** (shift - 1);
  for (let i = 0; i < 4; i++) {
    x[at + i * step] = (evens[i]! + odds[i]! + half) >> shift;
    x[at + (7 - i) * step] = (evens[i]! - odds[i]! + half) >> shift;
  }
}
