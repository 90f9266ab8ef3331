import { type DataType, findDataType } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { allocate, allocateCells, cellsOf, isWide, makeArray, type NdArray } from './array.ts';
import { isFloat } from './dtypes.ts';
import { floatRounder } from './round-float.ts';

export interface ConvertOptions {
  /** Float8 only: overflow becomes the largest finite value. */
  readonly saturate: boolean;
  /** float8e8m0 only: `up`, `down` or `nearest`. */
  readonly roundMode: string;
}

/**
 * Elements as another type, as Cast does: floats lose their fraction on the way to integers, integers keep their low
 * bits, NaN and infinities become 0, everything but zero is true. Strings are parsed and printed.
 */
export function convert(x: NdArray, to: DataType, options: ConvertOptions): NdArray {
  if (x.dtype === to) return x;
  if (findDataType(to) === undefined || to.startsWith('complex'))
    throw new ModelError('unsupported-dtype', `Nothing can be cast to ${to}.`);
  if (to === 'string') return makeArray('string', x.dims, Array.from(cellsOf(x), printer(x.dtype)));
  if (x.dtype === 'string') return convert(parseStrings(x, to), to, options);
  if (isWide(to)) return toWide(x, to);
  const source = cellsOf(x);
  const target = allocateCells(to, x.dims);
  const read = isWide(x.dtype) ? wideReader(to) : undefined;
  const store = storer(to, options);
  for (let i = 0; i < target.length; i++)
    target[i] = store(read === undefined ? source[i]! : read(source[i] as unknown as bigint));
  return makeArray(to, x.dims, target);
}

/** From a number to the stored element. */
function storer(to: DataType, options: ConvertOptions): (value: number) => number {
  if (to === 'bool') return (value) => (value === 0 ? 0 : 1);
  if (to === 'float8e8m0') return powerOfTwo(options);
  if (to === 'float32' || to === 'float64') return (value) => value;
  if (isFloat(to)) return smallFloat(to, options.saturate && to !== 'float16' && to !== 'bfloat16');
  const { bits, kind } = findDataType(to)!;
  const shift = 32 - bits;
  const low = (value: number) => (Math.abs(value) < 2 ** 31 ? value | 0 : (Math.trunc(value) % 2 ** 32) | 0);
  return kind === 'signed'
    ? (value) => (low(value) << shift) >> shift
    : (value) => (low(value) << shift) >>> shift;
}

function smallFloat(to: DataType, saturate: boolean): (value: number) => number {
  const round = floatRounder(to, saturate);
  if (!saturate && to !== 'float4e2m1' && !to.startsWith('float6')) return infiniteIn(to, round);
  return (value) =>
    value === Infinity
      ? round(Number.MAX_VALUE)
      : value === -Infinity
        ? round(-Number.MAX_VALUE)
        : round(value);
}

/** Infinity stays where the type has it. */
function infiniteIn(to: DataType, round: (value: number) => number): (value: number) => number {
  const keeps = to === 'float16' || to === 'bfloat16' || to === 'float8e5m2';
  return (value) => (Math.abs(value) === Infinity ? (keeps ? value : NaN) : round(value));
}

/** The power of two above, below or nearest; what is not positive becomes the smallest one, NaN stays. */
function powerOfTwo({ roundMode, saturate }: ConvertOptions): (value: number) => number {
  return (value) => {
    if (Number.isNaN(value)) return NaN;
    const magnitude = Math.abs(value);
    if (magnitude === Infinity) return saturate ? 2 ** 127 : NaN;
    if (magnitude < 2 ** -127) return 2 ** -127;
    let exponent = Math.floor(Math.log2(magnitude));
    if (2 ** exponent > magnitude) exponent--;
    if (2 ** (exponent + 1) <= magnitude) exponent++;
    const ratio = magnitude / 2 ** exponent;
    if (roundMode === 'up' ? ratio > 1 : roundMode === 'nearest' ? ratio >= 1.5 : false) exponent++;
    return exponent > 127 ? (saturate ? 2 ** 127 : NaN) : 2 ** exponent;
  };
}

function toWide(x: NdArray, to: DataType): NdArray {
  const target = allocate(to, x.dims) as BigInt64Array;
  const source = cellsOf(x);
  const wide = isWide(x.dtype);
  for (let i = 0; i < target.length; i++) {
    const value = source[i]!;
    target[i] = wide ? (value as unknown as bigint) : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  }
  return makeArray(to, x.dims, target);
}

/** Floats round once, from the exact integer; narrower integers keep the low bits. */
function wideReader(to: DataType): (value: bigint) => number {
  if (to === 'bool') return (value) => (value === 0n ? 0 : 1);
  return isFloat(to) ? Number : (value) => Number(BigInt.asIntN(32, value));
}

function parseStrings(x: NdArray, to: DataType): NdArray {
  const texts = x.data as readonly string[];
  if (isWide(to)) {
    return makeArray(
      to,
      x.dims,
      (to === 'int64' ? BigInt64Array : BigUint64Array).from(texts.map(parseWhole)),
    );
  }
  return makeArray('float64', x.dims, Float64Array.from(texts, parseNumber));
}

function parseWhole(text: string): bigint {
  if (/^\s*[+-]?\d+\s*$/.test(text)) return BigInt(text.trim().replace(/^\+/, ''));
  return BigInt(Math.trunc(parseNumber(text)));
}

function parseNumber(text: string): number {
  const word = text.trim().toLowerCase();
  const special = new Map([
    ['nan', NaN],
    ['inf', Infinity],
    ['+inf', Infinity],
    ['-inf', -Infinity],
    ['infinity', Infinity],
    ['-infinity', -Infinity],
  ]).get(word);
  const value = special ?? Number(word);
  if (word !== '' && (special !== undefined || !Number.isNaN(value))) return value;
  throw new ModelError('not-a-number', `The string "${text}" is no number.`);
}

function printer(dtype: DataType): (value: number) => string {
  if (!isFloat(dtype)) return dtype === 'bool' ? (value) => (value ? 'True' : 'False') : String;
  return (value) => {
    if (Number.isNaN(value)) return 'NaN';
    if (Math.abs(value) === Infinity) return value > 0 ? 'INF' : '-INF';
    return dtype === 'float64' ? String(value) : shortest(value);
  };
}

/** The shortest decimal that reads back as the same float32. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
