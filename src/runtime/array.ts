import {
  type DataType,
  elementCount,
  findDataType,
  Tensor,
  type TypedArray,
  tensor,
  tensorFromBytes,
  valuesOf,
} from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { currentMemory, lasting, type RunMemory } from './memory.ts';

/** Elements of an array: a typed array (small floats as Float32Array, int4 and int2 widened to a byte), or strings. */
export type ArrayData = TypedArray | readonly string[];

/**
 * A dense array as kernels see it: row-major, never written to once it exists.
 *
 * `data` may be shared with the model, with a caller's tensor, or between values.
 */
export interface NdArray {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: ArrayData;
}

/** A typed array of JavaScript numbers: everything but int64, uint64 and strings. */
export type Numbers = Exclude<TypedArray, BigInt64Array | BigUint64Array>;

/**
 * Elements that are only moved or handed to a function that knows what they are.
 * Typed as numbers; really numbers, bigints or strings, as the dtype says.
 */
export interface Cells {
  readonly length: number;
  [index: number]: number;
}

const arrays = {
  float64: Float64Array,
  complex128: Float64Array,
  int8: Int8Array,
  int4: Int8Array,
  int2: Int8Array,
  uint8: Uint8Array,
  uint4: Uint8Array,
  uint2: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

/** The values of a tensor, shared with it. */
export function fromTensor(tensor: Tensor): NdArray {
  const data = tensor.dtype === 'string' ? tensor.toStrings() : valuesOf(tensor);
  lasting.add(data);
  return { dtype: tensor.dtype, dims: tensor.dims, data };
}

/** Whether elements never change: those of tensors, and of values computed once. What a run allocates is used again. */
export function isLasting(data: ArrayData): boolean {
  return lasting.has(data);
}

/** A tensor of an array's values. Native element types share the buffer, which nobody writes to any more. */
export function toTensor(array: NdArray, name?: string): Tensor {
  const { dtype, dims, data } = array;
  if (dtype === 'string')
    return new Tensor({ name, dtype, dims, storage: { kind: 'strings', values: data as readonly string[] } });
  const values = data as TypedArray;
  const bits = findDataType(dtype)!.bits;
  const perElement = dtype.startsWith('complex') ? 2 : 1;
  if (bits !== values.BYTES_PER_ELEMENT * 8 * perElement) return tensor(dtype, dims, values, name);
  const bytes = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  return tensorFromBytes(dtype, dims, bytes, name);
}

/**
 * What a kernel does with elements it has asked for: it counts on zeros, or writes each one before anybody reads it.
 * Memory that was used before need not be cleared for the latter.
 */
export type AllocatedFor = 'zeroed' | 'overwritten';

/**
 * Fresh elements for an array of the given dims: zeros, or anything at all where the kernel overwrites each of them.
 *
 * @throws ModelError `dims-overflow`, or `memory-limit` when the run may not take as much
 */
export function allocate(dtype: DataType, dims: readonly number[], use: AllocatedFor = 'zeroed'): ArrayData {
  const count = elementCount(dims) * (dtype.startsWith('complex') ? 2 : 1);
  const memory = currentMemory();
  if (dtype === 'string') return allocateStrings(count, dims, memory);
  const ArrayType = arrays[dtype as keyof typeof arrays] ?? Float32Array;
  if (memory === undefined) return new ArrayType(count);
  memory.check(count * ArrayType.BYTES_PER_ELEMENT, dtype, dims);
  return memory.allocate(ArrayType, count, use === 'zeroed');
}

/**
 * Checks that an array of the given dims may be made, before much is done to find out what belongs in it.
 *
 * @throws ModelError `dims-overflow` or `memory-limit`
 */
export function checkSize(dtype: DataType, dims: readonly number[]): void {
  const { BYTES_PER_ELEMENT } = arrays[dtype as keyof typeof arrays] ?? Float32Array;
  currentMemory()?.check(elementCount(dims) * BYTES_PER_ELEMENT, dtype, dims);
}

function allocateStrings(count: number, dims: readonly number[], memory: RunMemory | undefined): string[] {
  memory?.check(count * 16, 'string', dims);
  const strings = new Array<string>(count).fill('');
  memory?.add(strings, count * 16);
  return strings;
}

/** Fresh elements of an arithmetic type other than the 64-bit integers. */
export function allocateNumbers(dtype: DataType, dims: readonly number[], use?: AllocatedFor): Numbers {
  return allocate(dtype, dims, use) as Numbers;
}

/** Fresh elements to move cells into. */
export function allocateCells(dtype: DataType, dims: readonly number[], use?: AllocatedFor): Cells {
  return allocate(dtype, dims, use) as unknown as Cells;
}

/** Scratch space in double precision. */
export function allocateDoubles(count: number, use?: AllocatedFor): Float64Array {
  return allocate('float64', [count], use) as Float64Array;
}

export function makeArray(dtype: DataType, dims: readonly number[], data: ArrayData | Cells): NdArray {
  return { dtype, dims, data: data as ArrayData };
}

/** A scalar or small array from plain values. */
export function arrayOf(
  dtype: DataType,
  dims: readonly number[],
  values: readonly (number | bigint | string)[],
): NdArray {
  if (dtype === 'string') return { dtype, dims, data: values as readonly string[] };
  const data = allocate(dtype, dims) as unknown as (number | bigint)[];
  const wide = isWide(dtype);
  for (let i = 0; i < values.length; i++)
    data[i] = wide ? BigInt(values[i] as bigint) : Number(values[i] as number);
  return { dtype, dims, data: data as unknown as ArrayData };
}

/** The same elements under other dims of the same product. */
export function reshaped(array: NdArray, dims: readonly number[]): NdArray {
  return { dtype: array.dtype, dims, data: array.data };
}

/** Elements as JavaScript numbers; the dtype is none of int64, uint64 and string. */
export function numbersOf(array: NdArray): Numbers {
  return array.data as Numbers;
}

/** Elements to move. */
export function cellsOf(array: NdArray): Cells {
  return array.data as unknown as Cells;
}

export function sizeOf(array: NdArray): number {
  return elementCount(array.dims);
}

/** Whether elements are bigints. */
export function isWide(dtype: DataType): boolean {
  return dtype === 'int64' || dtype === 'uint64';
}

/**
 * Integers of any type as numbers, for axes, shapes and positions. 64-bit values beyond ±2^53 become ±2^53, which is
 * beyond every dimension there can be.
 */
export function integersOf(array: NdArray): number[] {
  const limit = Number.MAX_SAFE_INTEGER;
  return Array.from(array.data as ArrayLike<number | bigint>, (value) =>
    Math.max(-limit, Math.min(limit, Number(value))),
  );
}

/** Elements as doubles, a copy. 64-bit integers beyond 2^53 are rounded. */
export function doublesOf(array: NdArray): Float64Array {
  if (!isWide(array.dtype)) return Float64Array.from(array.data as Numbers);
  return Float64Array.from(array.data as ArrayLike<unknown> as ArrayLike<bigint>, Number);
}

/** As many doubles as asked for, from numbers that are repeated where there are fewer. */
export function repeated(numbers: ArrayLike<number>, count: number): Float64Array {
  const all = new Float64Array(count);
  for (let i = 0; i < count; i++) all[i] = numbers[i % numbers.length]!;
  return all;
}

/** Row-major strides. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= dims[i]!;
  }
  return strides;
}

/** Product of dims from `start` up to `end`. */
export function productOf(dims: readonly number[], start = 0, end = dims.length): number {
  let product = 1;
  for (let i = start; i < end; i++) product *= dims[i]!;
  return product;
}

/**
 * An axis counted from the front.
 *
 * @throws ModelError `axis-out-of-range`
 */
export function normalAxis(axis: number, rank: number, extra = 0): number {
  const normal = axis < 0 ? axis + rank + extra : axis;
  if (normal >= 0 && normal < rank + extra) return normal;
  throw new ModelError(
    'axis-out-of-range',
    `Axis ${axis} is outside an array of rank ${rank}; it has to lie between ${-rank - extra} and ${rank + extra - 1}.`,
  );
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
