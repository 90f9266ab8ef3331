import { integerRange, type Model } from '../ir/index.ts';
import type { RoundingConvention } from '../runtime/index.ts';
import { roundHalfAway, roundHalfEven } from '../support/rounding.ts';
import { meantCodes, rowRange } from './accumulators.ts';
import { type IntegerProduct, integerProducts, type Untold } from './integer-products.ts';

/** A sum that two rounding conventions turn into different codes. */
export interface RoundingWitness {
  /** The output channel. */
  readonly row: number;
  /** The integer sum, bias included. */
  readonly sum: number;
  /** The code ONNX Runtime's convention gives, and the other one. */
  readonly onnxruntime: number;
  readonly other: number;
  /** Activation codes that add up to the sum; `undefined` when none were found, though some may exist. */
  readonly activations: readonly number[] | undefined;
}

/** Whether engines can disagree about one requantization. */
export interface RequantizationCertificate {
  readonly at: string;
  readonly operator: string;
  /** For each convention but ONNX Runtime's: no sum of any row differs, or one that does. */
  readonly differs: ReadonlyMap<RoundingConvention, 'impossible' | RoundingWitness>;
}

/** All requantizations of a model, and the products that are not quantized at once. */
export interface RequantizationReport {
  readonly certificates: readonly RequantizationCertificate[];
  readonly untold: readonly Untold[];
}

const others = ['onnx', 'half-even', 'half-away'] as const;

/**
 * For every integer product of a model whose sum is quantized at once, whether rounding conventions can give different
 * codes. Decided, not sampled: conventions can only differ at sums next to the middle between two codes, and all of those
 * within the row's range are tried.
 */
export function requantizationDifferences(model: Model): RequantizationReport {
  const { products, untold } = integerProducts(model);
  const certificates = products.flatMap((product) => {
    const { node, at, output, gains } = product;
    if (output === undefined || gains === undefined) return [];
    const differs = new Map(others.map((convention) => [convention, findDifference(product, convention)]));
    return [{ at, operator: node.opType, differs }];
  });
  const loose = products
    .filter(({ output, gains }) => output === undefined || gains === undefined)
    .map(({ at }) => ({ at, reason: 'its sum is not quantized at once' }));
  return { certificates, untold: [...untold, ...loose] };
}

/** The code of a sum. */
export function requantizedCode(
  convention: RoundingConvention,
  sum: number,
  gain: number,
  { dtype, scale, zeroPoint }: NonNullable<IntegerProduct['output']>,
): number {
  const { min, max } = integerRange(dtype)!;
  const clamp = (code: number) => Math.max(min, Math.min(max, code)) + 0;
  switch (convention) {
    case 'onnxruntime': {
      const real = Math.fround(Math.fround(sum) * Math.fround(gain / scale));
      return clamp(roundHalfEven(real) + zeroPoint);
    }
    case 'onnx':
      return roundHalfEven(clamp(sum * (gain / scale) + zeroPoint)) + 0;
    case 'half-even':
      return clamp(roundHalfEven((sum * gain) / scale) + zeroPoint);
    case 'half-away':
      return clamp(roundHalfAway((sum * gain) / scale) + zeroPoint);
  }
}

function findDifference(
  product: IntegerProduct,
  convention: RoundingConvention,
): 'impossible' | RoundingWitness {
  let unreached: RoundingWitness | undefined;
  for (let row = 0; row < product.rows.length; row++) {
    for (const sum of sumsAtTies(product, row)) {
      const gain = product.gains![row]!;
      const onnxruntime = requantizedCode('onnxruntime', sum, gain, product.output!);
      const other = requantizedCode(convention, sum, gain, product.output!);
      if (onnxruntime === other) continue;
      const activations = reach(product, row, sum);
      const witness = { row, sum, onnxruntime, other, activations };
      if (activations !== undefined) return witness;
      unreached ??= witness;
    }
  }
  return unreached ?? 'impossible';
}

/** The sums of a row that lie next to the middle between two codes, as far as rounding errors of float32 reach. */
function* sumsAtTies(product: IntegerProduct, row: number): Iterable<number> {
  const { low, high } = rowRange(product, row);
  const { dtype, scale, zeroPoint } = product.output!;
  const { min, max } = integerRange(dtype)!;
  const factor = product.gains![row]! / scale;
  const step = product.rows[row]!.reduce(greatestDivisor, 0) || 1;
  if (!(factor > 0)) return;
  for (let code = min - zeroPoint - 1; code <= max - zeroPoint; code++) {
    const middle = (code + 0.5) / factor;
    // Three roundings to float32, each of at most 2^-24 of the value.
    const reach = Math.abs(middle) * 2 ** -22 + 1;
    const first = Math.max(low, Math.ceil(middle - reach));
    const last = Math.min(high, Math.floor(middle + reach));
    // Every sum is the smallest one and a multiple of what all weights are multiples of.
    for (let sum = low + Math.ceil((first - low) / step) * step; sum <= last; sum += step) yield sum;
  }
}

function greatestDivisor(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}

/** Activation codes that add up to a sum: the largest weights first, what is left by smaller ones. */
function reach(product: IntegerProduct, row: number, sum: number): number[] | undefined {
  const { min, max } = meantCodes(product);
  const weights = product.rows[row]!;
  const order = Array.from(weights.keys()).sort((a, b) => Math.abs(weights[b]!) - Math.abs(weights[a]!));
  const meant = Array.from(weights, (weight) => (weight >= 0 ? min : max));
  let left = sum - rowRange(product, row).low;
  for (const k of order) {
    const size = Math.abs(weights[k]!);
    if (size === 0) continue;
    const steps = Math.min(max - min, Math.floor(left / size));
    meant[k]! += Math.sign(weights[k]!) * steps;
    left -= steps * size;
  }
  return left === 0 ? meant.map((value) => value + product.activation.zeroPoint) : undefined;
}
