import { integerRange, type Model } from '../ir/index.ts';
import { type IntegerProduct, integerProducts, type Untold } from './integer-products.ts';

/** What the sums of one integer product can become, from its weights. */
export interface AccumulatorRange {
  readonly at: string;
  readonly operator: string;
  /** Output channels, and products that are added up for each. */
  readonly rows: number;
  readonly depth: number;
  /** Smallest and largest sum of any row, the integer bias included. */
  readonly low: number;
  readonly high: number;
  /** Bits a signed accumulator needs. */
  readonly bits: number;
  /** Whether some input makes a sum leave int32; with the input that does. */
  readonly int32:
    | 'holds'
    | { readonly row: number; readonly sum: number; readonly activations: readonly number[] };
  /** Whether an instruction that adds two products in 16 bits, with saturation, can saturate. */
  readonly int16Pairs: PairSaturation;
}

/**
 * Pairs of products of unsigned activations and signed weights, added in 16 bits as `vpmaddubsw` does.
 *
 * `impossible`: no two weights of a row are large enough, in whatever order an engine puts them. `possible`: two that lie
 * side by side are, stored as they are or with channels last; `activations` saturate it. `other-order`: some two are, but
 * none that lie side by side. `unused`: the activations and weights are no bytes.
 */
export type PairSaturation =
  | { readonly verdict: 'impossible' | 'unused' }
  | { readonly verdict: 'other-order'; readonly row: number; readonly largest: number }
  | {
      readonly verdict: 'possible';
      readonly row: number;
      readonly weights: readonly [number, number];
      readonly activations: readonly [number, number];
      readonly sum: number;
    };

/** The exact ranges of a model's integer sums. */
export interface AccumulatorReport {
  readonly ranges: readonly AccumulatorRange[];
  readonly untold: readonly Untold[];
}

/**
 * The exact range of every integer accumulator of a model, from its real weights: each activation may be any code of its
 * type, independently. A range is reached wherever a window lies inside the input; in the padding it is smaller.
 */
export function accumulatorRanges(model: Model): AccumulatorReport {
  const { products, untold } = integerProducts(model);
  return { ranges: products.map(rangeOf), untold };
}

/** Smallest and largest sum of one row. */
export function rowRange(
  product: IntegerProduct,
  row: number,
): { readonly low: number; readonly high: number } {
  const { min, max } = meantCodes(product);
  let low = product.bias[row]!;
  let high = low;
  for (const weight of product.rows[row]!) {
    low += Math.min(weight * min, weight * max);
    high += Math.max(weight * min, weight * max);
  }
  return { low, high };
}

/** Activation codes minus their zero point. */
export function meantCodes({ activation }: IntegerProduct): { readonly min: number; readonly max: number } {
  const { min, max } = integerRange(activation.dtype)!;
  return { min: min - activation.zeroPoint, max: max - activation.zeroPoint };
}

function rangeOf(product: IntegerProduct): AccumulatorRange {
  const each = product.rows.map((_, row) => rowRange(product, row));
  const low = Math.min(...each.map((range) => range.low));
  const high = Math.max(...each.map((range) => range.high));
  const beyond = each.findIndex((range) => range.low < -(2 ** 31) || range.high > 2 ** 31 - 1);
  return {
    at: product.at,
    operator: product.node.opType,
    rows: product.rows.length,
    depth: product.rows[0]?.length ?? 0,
    low,
    high,
    bits: Math.max(bitsFor(low), bitsFor(high)),
    int32: beyond < 0 ? 'holds' : overflow(product, beyond, each[beyond]!.high > 2 ** 31 - 1),
    int16Pairs: pairSaturation(product),
  };
}

/** The activations that make a row's sum as large, or as small, as it gets. */
function overflow(product: IntegerProduct, row: number, upwards: boolean): AccumulatorRange['int32'] {
  const { min, max } = integerRange(product.activation.dtype)!;
  const weights = product.rows[row]!;
  const activations = Array.from(weights, (weight) => (weight > 0 === upwards ? max : min));
  const sum = upwards ? rowRange(product, row).high : rowRange(product, row).low;
  return { row, sum, activations };
}

/** Bits of a two's complement number. */
function bitsFor(value: number): number {
  return value >= 0 ? Math.ceil(Math.log2(value + 1)) + 1 : Math.ceil(Math.log2(-value)) + 1;
}

function pairSaturation(product: IntegerProduct): PairSaturation {
  const bytes = ['int8', 'uint8'];
  const { activation, weightType, codes, channelsLast } = product;
  if (weightType !== 'int8' || !bytes.includes(activation.dtype)) return { verdict: 'unused' };
  const beside = codes.map((row) => [worstPair(row, (i) => i), worstPair(row, (i) => channelsLast[i]!)]);
  for (const [row, pairs] of beside.entries()) {
    const pair = pairs.find((found) => found !== undefined);
    if (pair !== undefined) return { verdict: 'possible', row, ...pair };
  }
  const largest = codes.map(largestPair);
  const row = largest.findIndex(saturates);
  return row < 0 ? { verdict: 'impossible' } : { verdict: 'other-order', row, largest: largest[row]! };
}

/** Two neighbours, in pairs from the first on, whose products saturate 16 bits. Activations count as unsigned codes. */
function worstPair(
  row: Float64Array,
  place: (i: number) => number,
): Omit<PairSaturation & { verdict: 'possible' }, 'verdict' | 'row'> | undefined {
  for (let i = 0; i + 1 < row.length; i += 2) {
    const weights = [row[place(i)]!, row[place(i + 1)]!] as const;
    for (const sign of [1, -1]) {
      const activations = [sign * weights[0] > 0 ? 255 : 0, sign * weights[1] > 0 ? 255 : 0] as const;
      const sum = activations[0] * weights[0] + activations[1] * weights[1];
      if (saturates(sum)) return { weights, activations, sum };
    }
  }
  return undefined;
}

/** The sum of two products that is farthest from zero, of any two weights of a row. */
function largestPair(row: Float64Array): number {
  const sorted = row.slice().sort();
  const up = (sorted.at(-1) ?? 0) + (sorted.at(-2) ?? 0);
  const down = (sorted[0] ?? 0) + (sorted[1] ?? 0);
  return 255 * (up > -down ? up : down);
}

function saturates(sum: number): boolean {
  return sum > 32767 || sum < -32768;
}
