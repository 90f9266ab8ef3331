import { type DataType, findDataType, type Tensor, type TypedArray, tensor, valuesOf } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { type FloatFormat, floatFormats, maxFinite } from '../support/minifloat.ts';

export interface CastOptions {
  /** Whether what is too large for an 8-bit float becomes its largest value (default) or NaN/infinity. */
  readonly saturate?: boolean;
  /** How float8e8m0, which only has powers of two, is rounded to; `up` by default. */
  readonly roundMode?: 'up' | 'down' | 'nearest';
}

/**
 * The elements of a tensor in another numeric element type, as the operator Cast converts them.
 *
 * Integers keep their low bits, floats are truncated towards zero (NaN and infinities give 0), anything but zero is
 * true, and narrower floats round half to even. A tensor that has the type already is returned as it is; any other
 * result has no name.
 *
 * @throws ModelError `cast-unsupported` for strings, complex numbers and unknown element types
 * @see https://onnx.ai/onnx/operators/onnx__Cast.html
 */
export function castTensor<D extends DataType>(
  source: Tensor,
  to: D,
  { saturate = true, roundMode = 'up' }: CastOptions = {},
): Tensor<D> {
  if (source.dtype === to) return source as Tensor<DataType> as Tensor<D>;
  if (!isNumeric(source.dtype) || !isNumeric(to)) {
    throw new ModelError('cast-unsupported', `${source.dtype} cannot be cast to ${to} as numbers.`, {
      at: source.name,
    });
  }
  const values = valuesOf(source);
  return tensor(to, source.dims, convert(values, to, saturate, roundMode));
}

/** Whether an element type holds real numbers or truth values: all but strings, complex and unknown types. */
export function isNumeric(dtype: DataType): boolean {
  const kind = findDataType(dtype)?.kind;
  return kind !== undefined && kind !== 'string' && kind !== 'complex';
}

function convert(
  values: TypedArray,
  to: DataType,
  saturate: boolean,
  roundMode: 'up' | 'down' | 'nearest',
): TypedArray {
  const { kind, bits } = findDataType(to)!;
  if (kind === 'bool')
    return Uint8Array.from(values as ArrayLike<number>, (value) => (Number(value) !== 0 ? 1 : 0));
  if (kind === 'float') return toFloats(values, to, saturate, roundMode);
  const signed = kind === 'signed';
  if (bits === 64) return toBigInts(values, signed);
  const target = new (bits < 32 || signed ? Int32Array : Uint32Array)(values.length);
  for (let i = 0; i < target.length; i++) target[i] = lowBits(values[i]!, bits, signed);
  return target;
}

function toBigInts(values: TypedArray, signed: boolean): TypedArray {
  const target = signed ? new BigInt64Array(values.length) : new BigUint64Array(values.length);
  for (let i = 0; i < target.length; i++) {
    const value = values[i]!;
    target[i] = typeof value === 'bigint' ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  }
  return target;
}

function lowBits(value: number | bigint, bits: number, signed: boolean): number {
  if (typeof value === 'bigint')
    return Number(signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  // ToInt32 truncates, wraps modulo 2^32 and gives 0 for NaN and the infinities: exactly what Cast is seen to do.
  const wrapped = value | 0;
  if (signed) return (wrapped << (32 - bits)) >> (32 - bits);
  return (wrapped << (32 - bits)) >>> (32 - bits);
}

function toFloats(
  values: TypedArray,
  to: DataType,
  saturate: boolean,
  roundMode: 'up' | 'down' | 'nearest',
): TypedArray {
  const target =
    to === 'float64' || values instanceof Float64Array ? new Float64Array(values.length) : undefined;
  const exact = target ?? new Float64Array(values.length);
  const convertOne = converterTo(to, saturate, roundMode);
  for (let i = 0; i < exact.length; i++) {
    const value = values[i]!;
    exact[i] = convertOne(typeof value === 'bigint' ? sticky(value, to) : value);
  }
  return exact;
}

function converterTo(
  to: DataType,
  saturate: boolean,
  roundMode: 'up' | 'down' | 'nearest',
): (x: number) => number {
  if (to === 'float8e8m0') return (x) => powerOfTwo(x, saturate, roundMode);
  const format: FloatFormat | undefined = floatFormats[to as keyof typeof floatFormats];
  if (!saturate || format === undefined || to === 'float16' || to === 'bfloat16') return (x) => x;
  const max = maxFinite(format);
  // Clamping first is the same as rounding first: what rounds beyond the largest value is set to it either way.
  return (x) => Math.min(max, Math.max(-max, x));
}

/** A bigint as a double that rounds to 24 or fewer bits as the bigint itself would: the bits cut off leave a trace. */
function sticky(value: bigint, to: DataType): number {
  if (to === 'float64' || (value >= -0x20000000000000n && value <= 0x20000000000000n)) return Number(value);
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  const kept = (magnitude >> 11n) << 11n;
  const rounded = Number(kept === magnitude ? kept : kept | 0x800n);
  return negative ? -rounded : rounded;
}

function powerOfTwo(x: number, saturate: boolean, roundMode: 'up' | 'down' | 'nearest'): number {
  if (Number.isNaN(x)) return NaN;
  const magnitude = Math.abs(x);
  if (magnitude === Infinity) return saturate ? 2 ** 127 : NaN;
  if (magnitude <= 2 ** -127) return 2 ** -127;
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  if (2 ** (exponent + 1) <= magnitude) exponent++;
  const rest = magnitude / 2 ** exponent;
  if (roundMode === 'up' ? rest > 1 : roundMode === 'nearest' && rest >= 1.5) exponent++;
  if (exponent > 127) return saturate ? 2 ** 127 : NaN;
  return 2 ** exponent;
}
