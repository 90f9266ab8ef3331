import { ModelError } from '../support/errors.ts';

/** A stream of random numbers that is the same for the same seed. */
export interface RandomNumbers {
  /** A number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** Normally distributed, mean 0, variance 1. */
  normal(): number;
}

const length = 624;
const period = 397;

/**
 * The Mersenne Twister (MT19937, Matsumoto and Nishimura), drawn from as numpy's RandomState does: reference results of
 * ONNX operators that have a seed were made with it.
 */
export function randomNumbers(seed: number): RandomNumbers {
  const state = new Uint32Array(length);
  state[0] = seed;
  for (let i = 1; i < length; i++) {
    const last = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, last) + i;
  }
  let next = length;
  const bits = () => {
    if (next === length) {
      refill(state);
      next = 0;
    }
    let y = state[next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  const uniform = () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
  let spare: number | undefined;
  // Marsaglia's polar method makes two numbers at once; numpy gives the second one first.
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = factor * x;
      return factor * y;
    }
  };
  return { uniform, normal };
}

function refill(state: Uint32Array): void {
  for (let i = 0; i < length; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % length]! & 0x7fffffff);
    state[i] = state[(i + period) % length]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

/**
 * Gives each node its random numbers: by its own seed, else by the run's, where each node that draws gets others.
 */
export function randomSource(runSeed: number | undefined): (seed: number | undefined) => RandomNumbers {
  let drawn = 0;
  return (seed) => {
    if (seed !== undefined) return randomNumbers(Math.trunc(seed));
    if (runSeed !== undefined) return randomNumbers(runSeed + drawn++ * 0x9e3779b1);
    throw new ModelError('unseeded', 'The operator draws random numbers, and no seed says which.', {
      fix: 'Give the node the attribute "seed", or execute() the option seed.',
    });
  };
}
