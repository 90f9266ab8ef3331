import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.ts';
import { model } from '../../src/serde/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { type GenerateOptions, generateSamples, type SampleKind } from '../../src/verify/index.ts';

const draw = (of: Model, kind: SampleKind, more: Partial<GenerateOptions> = {}) =>
  generateSamples(of, { samples: 1, seed: 7, kinds: [kind], dims: new Map(), ...more }).samples[0]!.inputs;

const quantized = model`
  main (float[2000] x) => (float[2000] y) <float s = {0.1}, uint8 z = {10}, int64[2] shape = {20, 100}> {
    h = Reshape (x, shape)
    q = QuantizeLinear (h, s, z)
    y = DequantizeLinear (q, s, z)
  }`;

describe('generateSamples', () => {
  it('draws random values from the range of the quantizer behind moving operators', () => {
    const values = draw(quantized, 'random').get('x')!.toTypedArray() as Float32Array;
    // codes 0…255 about zero point 10, scale 0.1: -1 to 24.5
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.min(...values)).toBeLessThan(-0.9);
    expect(Math.max(...values)).toBeLessThanOrEqual(24.5);
    expect(Math.max(...values)).toBeGreaterThan(24.3);
  });

  it('draws smooth values: inside the range, neighbours close to each other, planes apart', () => {
    const image = model`main (float[1, 2, 32, 32] x) => (float[1, 2, 32, 32] y) <float s = {0.1}, int8 z = {0}> {
      q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z) }`;
    const values = draw(image, 'smooth').get('x')!.toTypedArray() as Float32Array;
    const step = (from: number) => Math.abs(values[from + 1]! - values[from]!);
    const steps = Array.from({ length: 31 * 32 }, (_, i) => step(Math.floor(i / 31) * 32 + (i % 31)));
    const spread = Math.max(...values) - Math.min(...values);
    expect(steps.reduce((sum, x) => sum + x, 0) / steps.length).toBeLessThan(spread / 8);
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(12.8 * 1.2);
    expect(spread).toBeGreaterThan(12.8 / 4);
    expect(values.slice(0, 1024)).not.toEqual(values.slice(1024));
  });

  it('hits rounding ties and their neighbours', () => {
    const values = draw(quantized, 'ties').get('x')!.toTypedArray() as Float32Array;
    const scale = Math.fround(0.1);
    const quotients = [...values].map((x) => Math.fround(x / scale));
    const ties = quotients.filter((q) => q - Math.floor(q) === 0.5);
    const close = quotients.filter((q) => Math.abs(q - Math.floor(q) - 0.5) < 1e-4);
    expect(close).toHaveLength(2000);
    expect(ties.length).toBeGreaterThan(500);
    expect(ties.length).toBeLessThan(1700);
  });

  it('goes to the ends: both zeros, denormals, the range and beyond it', () => {
    const values = [...(draw(quantized, 'extreme').get('x')!.toTypedArray() as Float32Array)];
    expect(values.some((x) => Object.is(x, 0))).toBe(true);
    expect(values.some((x) => Object.is(x, -0))).toBe(true);
    expect(values.some((x) => x !== 0 && Math.abs(x) < 2 ** -126)).toBe(true);
    expect(values.some((x) => x > 24.6)).toBe(true);
    expect(values.some((x) => x < -1.1)).toBe(true);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('draws integers below the length of the table they look up', () => {
    const lookup = model`main (int64[500] i) => (float[500, 1] y) <float[3, 1] table = {1, 2, 3}> {
      y = Gather (table, i) }`;
    expect(
      new Set<number | bigint>(draw(lookup, 'random').get('i')!.toTypedArray() as BigInt64Array),
    ).toEqual(new Set([0n, 1n, 2n]));
  });

  it.each([
    ['int8', -128, 127],
    ['uint8', 0, 255],
    ['int4', -8, 7],
    ['bool', 0, 1],
  ])('draws every code of %s', (dtype, min, max) => {
    const wide = model`main (${dtype}[5000] x) => (${dtype}[5000] y) { y = Identity (x) }`;
    const values = draw(wide, 'random').get('x')!.toTypedArray() as Int8Array;
    expect([Math.min(...values), Math.max(...values)]).toEqual([min, max]);
  });

  it('does not change one input when another gets a different shape', () => {
    const two = model`main (float[N] a, float[3] b) => (float[3] y) { y = Neg (b) }`;
    const b = (n: number) =>
      draw(two, 'random', { dims: new Map([['N', n]]) })
        .get('b')!
        .toTypedArray();
    expect(b(1)).toEqual(b(100));
  });

  it('refuses dims that no machine holds', () => {
    const open = model`main (float[N, N] x) => (float[N, N] y) { y = Neg (x) }`;
    expect(() => draw(open, 'random', { dims: new Map([['N', 1e6]]) })).toThrowError(
      expect.objectContaining({ code: 'cannot-generate-input' }),
    );
  });
});

describe('createRandom', () => {
  it('gives the numbers of sfc32', () => {
    // Computed with an independent implementation: state (1, 0, 0x9e3779b9, 1), 16 outputs thrown away.
    const random = createRandom(1);
    expect([random.uint32(), random.uint32(), random.uint32()]).toEqual(reference(1, 3));
  });

  it('stays inside its ranges', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 1, max: 1000 }),
        (seed, count) => {
          const random = createRandom(seed);
          for (let i = 0; i < 50; i++) {
            const [whole, part] = [random.below(count), random.uniform()];
            expect(Number.isInteger(whole) && whole >= 0 && whole < count && part >= 0 && part < 1).toBe(
              true,
            );
          }
        },
      ),
    );
  });

  it('draws normal numbers of mean 0 and variance 1', () => {
    const random = createRandom(3);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

/** sfc32 as its author wrote it (PractRand), on 64-bit integers cut to 32 bits. */
function reference(seed: number, count: number): number[] {
  const cut = (x: bigint) => x & 0xffffffffn;
  let [a, b, c, counter] = [BigInt(seed), 0n, 0x9e3779b9n, 1n];
  const next = () => {
    const tmp = cut(a + b + counter);
    counter = cut(counter + 1n);
    a = b ^ (b >> 9n);
    b = cut(c + (c << 3n));
    c = cut(((c << 21n) | (c >> 11n)) + tmp);
    return Number(tmp);
  };
  for (let i = 0; i < 16; i++) next();
  return Array.from({ length: count }, next);
}
