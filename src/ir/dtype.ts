/**
 * The element types of ONNX: their number in the schema, their width, and the typed array their values are read into.
 *
 * Source: TensorProto.DataType of onnx.proto (ONNX 1.23, IR version 14).
 */

/** How the bits of one element are read. `bits` counts one element; 4- and 2-bit elements are packed, low bits first. */
export interface DataTypeInfo {
  readonly name: KnownDataType;
  /** TensorProto.DataType number. */
  readonly code: number;
  /** Bits per element; 0 for strings, which have no fixed width. */
  readonly bits: number;
  readonly kind: 'float' | 'signed' | 'unsigned' | 'bool' | 'complex' | 'string';
  /** The name ONNX text uses. */
  readonly text: string;
  /** First IR version that has the type. */
  readonly since: number;
}

const table = [
  ['float32', 1, 32, 'float', 'float', 1],
  ['uint8', 2, 8, 'unsigned', 'uint8', 1],
  ['int8', 3, 8, 'signed', 'int8', 1],
  ['uint16', 4, 16, 'unsigned', 'uint16', 1],
  ['int16', 5, 16, 'signed', 'int16', 1],
  ['int32', 6, 32, 'signed', 'int32', 1],
  ['int64', 7, 64, 'signed', 'int64', 1],
  ['string', 8, 0, 'string', 'string', 1],
  ['bool', 9, 8, 'bool', 'bool', 1],
  ['float16', 10, 16, 'float', 'float16', 1],
  ['float64', 11, 64, 'float', 'double', 1],
  ['uint32', 12, 32, 'unsigned', 'uint32', 1],
  ['uint64', 13, 64, 'unsigned', 'uint64', 1],
  ['complex64', 14, 64, 'complex', 'complex64', 1],
  ['complex128', 15, 128, 'complex', 'complex128', 1],
  ['bfloat16', 16, 16, 'float', 'bfloat16', 4],
  ['float8e4m3fn', 17, 8, 'float', 'float8e4m3fn', 9],
  ['float8e4m3fnuz', 18, 8, 'float', 'float8e4m3fnuz', 9],
  ['float8e5m2', 19, 8, 'float', 'float8e5m2', 9],
  ['float8e5m2fnuz', 20, 8, 'float', 'float8e5m2fnuz', 9],
  ['uint4', 21, 4, 'unsigned', 'uint4', 10],
  ['int4', 22, 4, 'signed', 'int4', 10],
  ['float4e2m1', 23, 4, 'float', 'float4e2m1', 11],
  ['float8e8m0', 24, 8, 'float', 'float8e8m0', 12],
  ['uint2', 25, 2, 'unsigned', 'uint2', 13],
  ['int2', 26, 2, 'signed', 'int2', 13],
  ['float6e2m3', 27, 6, 'float', 'float6e2m3', 14],
  ['float6e3m2', 28, 6, 'float', 'float6e3m2', 14],
] as const;

export type KnownDataType = (typeof table)[number][0];

/**
 * An element type by name. `undefined` is the schema's UNDEFINED (0); a number this library does not know is kept as
 * `unknown:57` so that it survives a round trip.
 */
export type DataType = KnownDataType | 'undefined' | `unknown:${number}`;

export const dataTypes: readonly DataTypeInfo[] = table.map(([name, code, bits, kind, text, since]) =>
  Object.freeze({ name, code, bits, kind, text, since }),
);

const byName = new Map<string, DataTypeInfo>(dataTypes.map((info) => [info.name, info]));
const byCode = new Map<number, DataTypeInfo>(dataTypes.map((info) => [info.code, info]));
const byText = new Map<string, DataTypeInfo>(dataTypes.map((info) => [info.text, info]));

/** Facts of a known element type; `undefined` for the types nothing is known about. */
export function findDataType(dtype: DataType): DataTypeInfo | undefined {
  return byName.get(dtype);
}

export function dataTypeFromCode(code: number): DataType {
  return code === 0 ? 'undefined' : (byCode.get(code)?.name ?? `unknown:${code}`);
}

export function dataTypeToCode(dtype: DataType): number {
  return dtype === 'undefined' ? 0 : (byName.get(dtype)?.code ?? Number(dtype.slice('unknown:'.length)));
}

/** The type that ONNX text calls `text` (`float`, `double`, `int8` …). */
export function dataTypeFromText(text: string): DataType | undefined {
  return (
    byText.get(text)?.name ??
    (text === 'undefined' || /^unknown:\d+$/.test(text) ? (text as DataType) : undefined)
  );
}

export function dataTypeToText(dtype: DataType): string {
  return byName.get(dtype)?.text ?? dtype;
}

/** Bytes that `count` elements take in `raw_data`: packed for the sub-byte types, rounded up to whole bytes. */
export function packedByteLength(dtype: DataType, count: number): number {
  return Math.ceil((count * (byName.get(dtype)?.bits ?? 0)) / 8);
}

/** Smallest and largest code of an integer type (both inclusive). int64 and uint64 are not exact as numbers: use bigint there. */
export function integerRange(dtype: DataType): { readonly min: number; readonly max: number } | undefined {
  const info = byName.get(dtype);
  if (info?.kind === 'signed') return { min: -(2 ** (info.bits - 1)), max: 2 ** (info.bits - 1) - 1 };
  if (info?.kind === 'unsigned') return { min: 0, max: 2 ** info.bits - 1 };
  return undefined;
}

/** The typed array `Tensor.toTypedArray()` gives; types narrower than any JavaScript array are widened to hold the value. */
export interface TypedArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  float16: Float32Array;
  bfloat16: Float32Array;
  float8e4m3fn: Float32Array;
  float8e4m3fnuz: Float32Array;
  float8e5m2: Float32Array;
  float8e5m2fnuz: Float32Array;
  float8e8m0: Float32Array;
  float6e2m3: Float32Array;
  float6e3m2: Float32Array;
  float4e2m1: Float32Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  int4: Int8Array;
  uint4: Uint8Array;
  int2: Int8Array;
  uint2: Uint8Array;
  /** Interleaved real and imaginary parts. */
  complex64: Float32Array;
  complex128: Float64Array;
}

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;
