import { type DataType, integerRange, type Tensor, tensor } from '../../src/ir/index.ts';
import { createRandom, type Random } from '../../src/support/random.ts';

/** Random tensors, shapes and parameters, with the values that break kernels: ties, range ends, −0, denormals, NaN. */
export interface Values extends Random {
  /** The opset of the graph that is being made. */
  readonly opset: number;
  /** A whole number between two, both possible. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Dims of a rank, few elements; `empty` allows lengths of 0. */
  dims(rank: number, options?: { readonly empty?: boolean; readonly longest?: number }): number[];
  /** Any elements of a type, extreme ones among them. */
  any(dtype: DataType, dims: readonly number[], options?: { readonly finite?: boolean }): Tensor;
  /** Floats of about the same size: what sums are tried with. */
  moderate(dtype: DataType, dims: readonly number[], size?: number): Tensor;
  /** Whole numbers of a small range. */
  small(dtype: DataType, dims: readonly number[], low: number, high: number): Tensor;
  /** Positive scales: powers of two, tenths, or anything. */
  scales(dtype: DataType, dims: readonly number[], size?: number): Tensor;
  /** An axis of a rank, at times counted from the end. */
  axis(rank: number): number;
  /** Numbers 0 … count − 1 in random order. */
  order(count: number): number[];
}

/** A vector of int64, as shapes, axes and paddings are given. */
export function int64s(values: readonly (number | bigint)[]): Tensor {
  return tensor('int64', [values.length], values);
}

export function scalar(dtype: DataType, value: number): Tensor {
  return tensor(dtype, [], [value]);
}

export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

const lengths = [1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 9];

export function createValues(seed: number, opset: number): Values {
  const random = createRandom(seed);
  const { uniform, below, pick, normal } = random;
  const whole = (low: number, high: number) => low + below(high - low + 1);
  const chance = (probability: number) => uniform() < probability;
  const many = <T>(dims: readonly number[], make: () => T): T[] =>
    Array.from({ length: product(dims) }, make);

  const dims: Values['dims'] = (rank, { empty = false, longest = 600 } = {}) => {
    const made = Array.from({ length: rank }, () => pick(lengths));
    while (product(made) > longest) made[made.indexOf(Math.max(...made))] = whole(1, 2);
    if (rank > 0 && chance(0.05)) made[below(rank)] = pick([17, 33, 65]);
    if (rank > 0 && empty && chance(0.06)) made[below(rank)] = 0;
    return product(made) > 4 * longest ? made.map((d) => Math.min(d, 3)) : made;
  };

  const floats = (finite: boolean): (() => number) => {
    const size = pick([1, 4, 100, 1e6]);
    const nice = [
      () => normal() * size,
      () => whole(-20, 20) + 0.5,
      () => whole(-300, 300),
      () => pick(edges),
    ];
    if (chance(0.4)) return nice[0]!;
    if (chance(0.3)) return nice[1]!;
    const values = finite ? edges.filter(Number.isFinite) : edges;
    return () => pick([nice[0]!, nice[1]!, nice[2]!, () => pick(values), () => pick(values)])();
  };

  const integers = (dtype: DataType): (() => number | bigint) => {
    if (dtype === 'int64' || dtype === 'uint64') return () => wide(dtype === 'int64');
    const { min, max } = integerRange(dtype)!;
    const ends = [min, max, min + 1, max - 1, 0, 1, 2].filter((v) => v <= max);
    return () => {
      if (chance(0.3)) return pick(ends);
      if (chance(0.2)) return Math.min(max, 2 ** below(31));
      if (max > 255 && chance(0.5)) return Math.max(min, whole(-100, 100));
      return Math.floor(min + uniform() * (max - min + 1));
    };
  };

  const wide = (signed: boolean): bigint => {
    const bits = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
    const value = pick([
      bits,
      BigInt(whole(-100, 100)),
      BigInt(whole(-100, 100)),
      1n << BigInt(below(64)),
      (1n << 63n) - 1n,
      1n << 63n,
      (1n << 53n) + 1n,
      -1n,
      0n,
    ]);
    return signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  };

  const any: Values['any'] = (dtype, shape, { finite = false } = {}) => {
    if (dtype === 'bool')
      return tensor(
        dtype,
        shape,
        many(shape, () => chance(0.5)),
      );
    if (dtype === 'string')
      return tensor(
        dtype,
        shape,
        many(shape, () => pick(['', 'a', 'bc', 'ü', '0'])),
      );
    if (integerRange(dtype) !== undefined) return tensor(dtype, shape, many(shape, integers(dtype)));
    return tensor(dtype, shape, many(shape, floats(finite)));
  };

  return {
    ...random,
    opset,
    whole,
    chance,
    dims,
    any,
    moderate: (dtype, shape, size = 1) =>
      tensor(
        dtype,
        shape,
        many(shape, () => normal() * size),
      ),
    small: (dtype, shape, low, high) =>
      tensor(
        dtype,
        shape,
        many(shape, () => whole(low, high)),
      ),
    scales: (dtype, shape, size = 1) => {
      const one = pick([
        () => 2 ** whole(-6, 2),
        () => whole(1, 30) / 10,
        () => 0.001 + uniform(),
        () => 0.001 + uniform(),
      ]);
      return tensor(
        dtype,
        shape,
        many(shape, () => one() * size),
      );
    },
    axis: (rank) => (chance(0.3) ? below(rank) - rank : below(rank)),
    order: (count) => {
      const made = Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = below(i + 1);
        [made[i], made[j]] = [made[j]!, made[i]!];
      }
      return made;
    },
  };
}

/** Floats that kernels trip over. */
const edges = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  0.1,
  127.5,
  128.5,
  255.5,
  -128.5,
  2 ** 24 + 2,
  2 ** 31,
  -(2 ** 31),
  1e-45,
  -1e-45,
  1.1754942e-38,
  1.17549435e-38,
  3.4028234e38,
  -3.4028234e38,
  6e-8,
  65504,
  448,
  464,
  57344,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];
