import {
  type Activation,
  activationFunction,
  type CodedFunction,
  codedActivation,
  mixed,
} from './activation.ts';
import { allocateNumbers, makeArray, type NdArray, type Numbers, numbersOf } from './array.ts';
import type { RoundingConvention } from './conventions.ts';
import { saturate, saturateAway } from './quantize.ts';
import { logistic32 } from './special.ts';

const { fround } = Math;

/** Half to even for small numbers: adding 1.5·2^52 leaves no room for a fraction. */
const half = 6755399441055744;

/** Elements that are finished together, small enough to stay in the nearest cache. */
const chunk = 2048;
const line = new Float64Array(chunk);

/** What a fused operator does with its int32 sums before they leave it. */
export interface Epilogue {
  /** Channels follow each other, and again from the first; each has `inner` elements in a row. */
  readonly channels: number;
  readonly inner: number;
  /** float32 factor of each channel: the scales of data and weights, and what is folded into them. */
  readonly factors: Float64Array;
  /** float32 numbers added to each channel. */
  readonly shifts: Float64Array | undefined;
  /** Added element by element: float32, or int8 codes with their scale. */
  readonly residual: { readonly values: NdArray; readonly scale: number | undefined } | undefined;
  readonly activation: Activation | undefined;
  /** Scale of the int8 codes that leave; float32 leaves where there is none. */
  readonly scale: number | undefined;
  readonly rounding: RoundingConvention;
}

/** sums · factor + shift, rounded to float32 once; + residual; activation; then int8 codes, or float32 as it is. */
export function finishSums(sums: Int32Array, dims: readonly number[], epilogue: Epilogue): NdArray {
  const { channels, inner, scale } = epilogue;
  const dtype = scale === undefined ? 'float32' : 'int8';
  const target = allocateNumbers(dtype, dims, 'overwritten');
  const finish = finisher(epilogue, target);
  if (inner === 1) {
    const all = repeated(epilogue.factors, channels);
    const shifts = epilogue.shifts ?? new Float64Array(channels);
    for (let start = 0; start < sums.length; start += channels) {
      for (let c = 0; c < channels; c += chunk) {
        const count = Math.min(chunk, channels - c);
        for (let j = 0; j < count; j++) line[j] = fround(sums[start + c + j]! * all[c + j]! + shifts[c + j]!);
        finish(start + c, count);
      }
    }
    return makeArray(dtype, dims, target);
  }
  for (let start = 0, run = 0; start < sums.length; start += inner, run++) {
    const channel = run % channels;
    const factor = epilogue.factors[channel % epilogue.factors.length]!;
    const shift = epilogue.shifts?.[channel] ?? 0;
    for (let from = start; from < start + inner; from += chunk) {
      const count = Math.min(chunk, start + inner - from);
      for (let j = 0; j < count; j++) line[j] = fround(sums[from + j]! * factor + shift);
      finish(from, count);
    }
  }
  return makeArray(dtype, dims, target);
}

function repeated(factors: Float64Array, channels: number): Float64Array {
  return factors.length === channels ? factors : new Float64Array(channels).fill(factors[0]!);
}

/** Finishes the first elements of the line and writes them from a position on. */
function finisher(
  { residual, activation, scale, rounding }: Epilogue,
  target: Numbers,
): (from: number, count: number) => void {
  const added = residual && numbersOf(residual.values);
  const step = residual?.scale ?? 1;
  const isSimple = activation === undefined || activation.name === 'Relu' || activation.name === 'Clip';
  const of = activation && activationFunction(activation);
  const coded =
    of === undefined || isSimple || scale === undefined
      ? undefined
      : codedActivation(activation!, scale, rounding);
  const [low, high] = boundsOf(activation);
  return (from, count) => {
    if (added !== undefined)
      for (let j = 0; j < count; j++) line[j] = fround(line[j]! + fround(added[from + j]! * step));
    if (coded !== undefined) {
      writeCoded(coded, from, count, target);
      return;
    }
    if (activation?.name === 'Silu') siluLine(count);
    else if (!isSimple) for (let j = 0; j < count; j++) line[j] = of!(line[j]!);
    else if (activation !== undefined)
      for (let j = 0; j < count; j++) line[j] = Math.min(Math.max(line[j]!, low), high);
    if (scale === undefined) for (let j = 0; j < count; j++) target[from + j] = line[j]!;
    else writeCodes(scale, rounding, from, count, target);
  };
}

/** The activation most networks have, without a call for each element. */
function siluLine(count: number): void {
  for (let j = 0; j < count; j++) line[j] = fround(line[j]! * logistic32(line[j]!));
}

function boundsOf(activation: Activation | undefined): [number, number] {
  if (activation?.name === 'Relu') return [0, Infinity];
  return [activation?.values[0] ?? -Infinity, activation?.values[1] ?? Infinity];
}

function writeCoded(
  { start, density, cells, codeOf }: CodedFunction,
  from: number,
  count: number,
  target: Numbers,
): void {
  for (let j = 0; j < count; j++) {
    const value = line[j]!;
    const cell = (value - start) * density;
    const code = cell >= 0 && cell < cells.length ? cells[cell | 0]! : mixed;
    target[from + j] = code === mixed ? codeOf(value) : code;
  }
}

/** Clamping before rounding comes to the same; a comparison that fails takes NaN down. */
function writeCodes(
  scale: number,
  rounding: RoundingConvention,
  from: number,
  count: number,
  target: Numbers,
): void {
  if (rounding === 'half-away')
    for (let j = 0; j < count; j++) target[from + j] = saturateAway(line[j]! / scale, 0, -128, 127);
  else if (rounding === 'onnxruntime')
    for (let j = 0; j < count; j++) target[from + j] = saturate(fround(line[j]! / scale), 0, -128, 127);
  else
    for (let j = 0; j < count; j++) {
      const quotient = line[j]! / scale;
      target[from + j] = (quotient > -128 ? Math.min(quotient, 127) : -128) + half - half;
    }
}
