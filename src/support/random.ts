/** Numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number;
  /** A number in [0, 1). */
  uniform(): number;
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number;
  /** Normally distributed, mean 0, variance 1. */
  normal(): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
}

/**
 * A small generator (sfc32, by Chris Doty-Humphrey): good statistics, 128 bits of state, 32-bit arithmetic only.
 * Any finite seed is fine; different seeds give unrelated sequences.
 */
export function createRandom(seed: number): Random {
  let a = Math.trunc(seed) | 0;
  let b = Math.trunc(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const uint32 = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // The first outputs still show the seed; the author's advice is to throw a dozen away.
  for (let i = 0; i < 16; i++) uint32();
  const uniform = () => uint32() / 2 ** 32;
  const below = (count: number) => Math.floor(uniform() * count);
  return {
    uint32,
    uniform,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: (items) => items[below(items.length)]!,
  };
}
