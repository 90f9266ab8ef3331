import { ModelError } from '../support/errors.ts';
import { decodeFloat, encodeFloat, type FloatFormat, floatFormats } from '../support/minifloat.ts';
import { type DataType, findDataType, integerRange, type TypedArray } from './dtype.ts';

/** Elements to and from the packed little-endian bytes of `raw_data`, for every type of ONNX. */

type Numbers = ArrayLike<number | bigint | boolean>;

const native = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const;

/** Reads `count` elements; `bytes` holds at least as many as they take. Shares the buffer where alignment allows. */
export function decodeElements(dtype: DataType, count: number, bytes: Uint8Array): TypedArray {
  const array = native[dtype as keyof typeof native];
  if (array !== undefined) return viewAs(array, bytes, dtype.startsWith('complex') ? 2 * count : count);
  const info = findDataType(dtype);
  if (info === undefined || info.kind === 'string') {
    throw new ModelError('no-typed-array', `Elements of type "${dtype}" cannot be read into a typed array.`);
  }
  const codes = unpackBits(bytes, info.bits, count);
  if (info.kind === 'signed')
    return Int8Array.from(codes, (code) => (code << (32 - info.bits)) >> (32 - info.bits));
  if (info.kind === 'unsigned') return Uint8Array.from(codes);
  const decode = decoderOf(dtype);
  return Float32Array.from(codes, decode);
}

/** Packs values into the bytes of `raw_data`. Integers must be in range; floats are rounded to the type, half to even. */
export function encodeElements(dtype: DataType, values: Numbers): Uint8Array {
  const array = native[dtype as keyof typeof native];
  const info = findDataType(dtype)!;
  if (array !== undefined) {
    if (values instanceof array)
      return new Uint8Array(
        values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength) as ArrayBuffer,
      );
    return new Uint8Array(fill(new array(values.length) as TypedArray, dtype, values).buffer as ArrayBuffer);
  }
  const codes = new Uint16Array(values.length);
  const range = integerRange(dtype);
  const encode = range === undefined ? encoderOf(dtype) : undefined;
  const mask = (1 << info.bits) - 1;
  for (let i = 0; i < codes.length; i++) {
    const value = Number(values[i]!);
    codes[i] = encode === undefined ? checkInteger(dtype, value, range!) & mask : encode(value);
  }
  return packBits(codes, info.bits);
}

/** The number a bit pattern of a 16-bit or smaller float type stands for. */
export function decoderOf(dtype: DataType): (code: number) => number {
  if (dtype === 'float8e8m0') return (code) => (code === 255 ? NaN : 2 ** (code - 127));
  const format: FloatFormat = floatFormats[dtype as keyof typeof floatFormats];
  return (code) => decodeFloat(format, code);
}

/** The bit pattern nearest to a number, half to even; overflow becomes infinity or NaN where the type has one. */
export function encoderOf(dtype: DataType): (value: number) => number {
  if (dtype === 'float8e8m0')
    return (value) =>
      Number.isNaN(value) || value < 0 ? 255 : Math.min(254, Math.max(0, Math.round(Math.log2(value)) + 127));
  const format: FloatFormat = floatFormats[dtype as keyof typeof floatFormats];
  return (value) => encodeFloat(format, value);
}

/** Reads fields of `bits` bits, low bits first, from a byte stream. */
export function unpackBits(bytes: Uint8Array, bits: number, count: number): Uint16Array {
  const codes = new Uint16Array(count);
  const mask = (1 << bits) - 1;
  for (let i = 0; i < count; i++) {
    const start = i * bits;
    const low = bytes[start >> 3]! | ((bytes[(start >> 3) + 1] ?? 0) << 8);
    codes[i] = (low >> (start & 7)) & mask;
  }
  return codes;
}

/** Writes fields of `bits` bits, low bits first; the last byte is filled up with zeros. */
export function packBits(codes: ArrayLike<number>, bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  for (let i = 0; i < codes.length; i++) {
    const start = i * bits;
    const wide = codes[i]! << (start & 7);
    bytes[start >> 3]! |= wide & 255;
    if (wide > 255) bytes[(start >> 3) + 1]! |= (wide >> 8) & 255;
  }
  return bytes;
}

function viewAs(array: (typeof native)[keyof typeof native], bytes: Uint8Array, count: number): TypedArray {
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const source = aligned ? bytes : bytes.slice(0, count * array.BYTES_PER_ELEMENT);
  return new array(source.buffer as ArrayBuffer, source.byteOffset, count);
}

function fill(target: TypedArray, dtype: DataType, values: Numbers): TypedArray {
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
    const signed = target instanceof BigInt64Array;
    for (let i = 0; i < values.length; i++) target[i] = checkBigInt(dtype, values[i]!, signed);
    return target;
  }
  const range = integerRange(dtype);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]!);
    target[i] =
      range !== undefined
        ? checkInteger(dtype, value, range)
        : dtype === 'bool'
          ? Number(value !== 0)
          : value;
  }
  return target;
}

function checkInteger(
  dtype: DataType,
  value: number,
  range: { readonly min: number; readonly max: number },
): number {
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw new ModelError(
    'value-out-of-range',
    `${value} is no ${dtype}; the range is ${range.min} to ${range.max}, whole numbers.`,
  );
}

function checkBigInt(dtype: DataType, value: number | bigint | boolean, signed: boolean): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new ModelError('value-out-of-range', `${value} is no exact ${dtype}.`, {
      fix: 'Give values beyond 2^53 as bigint.',
    });
  }
  const exact = BigInt(value);
  if ((signed ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact)) !== exact) {
    throw new ModelError('value-out-of-range', `${exact} is no ${dtype}.`);
  }
  return exact;
}
