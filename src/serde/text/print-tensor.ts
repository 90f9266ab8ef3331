import { decodeElements, unpackBits } from '../../ir/elements.ts';
import {
  bytesOf,
  dataTypeToText,
  findDataType,
  type SparseTensor,
  storageOf,
  type Tensor,
} from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { printFloat32, printFloat64, printSmallFloat } from './floats.ts';
import { printBlock, printEntries, printInteger, valueFields } from './records.ts';
import { printName, printString } from './words.ts';

export interface PrintOptions {
  /**
   * Elements to print of a longer tensor: `{1, 2, …}`. Such text is for people; `parseModel` refuses it.
   * Absent: all of them.
   */
  readonly abbreviate?: number | undefined;
}

/** A constant with its type: `float[2] {1, 2}`, `float[2] name = {1, 2}`. */
export function printTensor(tensor: Tensor, options: PrintOptions = {}): string {
  const data = printData(tensor, options);
  const plain = tensor.name === undefined && data.startsWith('{');
  return plain ? `${printHead(tensor)} ${data}` : printInitializer(tensor, options, data);
}

/** A constant with an `=` in front of its elements, as initializers are written. */
export function printInitializer(
  tensor: Tensor,
  options: PrintOptions,
  data = printData(tensor, options),
): string {
  return `${printHead(tensor)} = ${data}`;
}

/** `sparse_tensor[3,4] {float[2] = {5, 6}, int64[2] = {0, 7}}`: values, then indices. */
export function printSparseTensor(
  { dims, values, indices }: SparseTensor,
  options: PrintOptions = {},
): string {
  const part = (tensor: Tensor | undefined) =>
    tensor === undefined ? '?' : printInitializer(tensor, options);
  return `sparse_tensor[${dims.map(printInteger).join(',')}] {${part(values)}, ${part(indices)}}`;
}

function printHead({ name, dtype, dims }: Tensor): string {
  const shape = dims.length === 0 ? '' : `[${dims.map(printInteger).join(',')}]`;
  return dataTypeToText(dtype) + shape + (name === undefined ? '' : ` ${printName(name)}`);
}

function printData(tensor: Tensor, options: PrintOptions): string {
  const external = tensor.external === undefined ? undefined : printEntries(tensor.external);
  const elements = external === undefined || isLoaded(tensor) ? printElements(tensor, options) : undefined;
  return (
    [external, elements].filter((text) => text !== undefined).join(' ') + printBlock(valueFields, tensor)
  );
}

function isLoaded(tensor: Tensor): boolean {
  const { kind } = storageOf(tensor);
  return kind === 'bytes' || kind === 'strings';
}

/** The values; or, for a tensor that is not what its dims say, whatever there is of it. */
function printElements(tensor: Tensor, { abbreviate = Infinity }: PrintOptions): string {
  const storage = storageOf(tensor);
  if (storage.kind === 'strings') return printStrings(tensor, storage.values, abbreviate);
  try {
    const bytes = wellFormedBytes(tensor);
    return bytes === undefined ? printRaw(tensor, abbreviate) : printValues(tensor, bytes, abbreviate);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const texts = [error.code, reasonOf(tensor, error), error.fix].filter((text) => text !== undefined);
    return `missing ${texts.map(printString).join(' ')}`;
  }
}

function reasonOf(tensor: Tensor, error: ModelError): string {
  const storage = storageOf(tensor);
  return storage.kind === 'missing' ? storage.reason : error.message;
}

/** Bytes that numbers can stand for: of a known type, as many as needed, no stray bits at the end. */
function wellFormedBytes(tensor: Tensor): Uint8Array | undefined {
  const storage = storageOf(tensor);
  const info = findDataType(tensor.dtype);
  if (storage.kind === 'missing') return bytesOf(tensor);
  if (info === undefined || info.kind === 'string' || !hasGoodDims(tensor)) return undefined;
  if (storage.kind === 'bytes' && storage.bytes.length < tensor.byteLength) return undefined;
  const bytes = bytesOf(tensor);
  const rest = (tensor.size * info.bits) % 8;
  const stray = rest !== 0 && bytes[bytes.length - 1]! >> rest !== 0;
  return stray ? undefined : bytes;
}

function hasGoodDims(tensor: Tensor): boolean {
  try {
    return tensor.size >= 0;
  } catch {
    return false;
  }
}

function printRaw(tensor: Tensor, abbreviate: number): string {
  const storage = storageOf(tensor);
  const bytes = storage.kind === 'bytes' ? storage.bytes : storage.kind === 'lazy' ? storage.load() : noBytes;
  const shown = Array.from(bytes.subarray(0, Math.min(bytes.length, abbreviate)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return `raw "${shown.join('')}${bytes.length > abbreviate ? '…' : ''}"`;
}

function printStrings(tensor: Tensor, values: readonly string[], abbreviate: number): string {
  const shown = values.slice(0, Math.min(values.length, abbreviate)).map(printString);
  const list = brace(shown, values.length > abbreviate);
  return tensor.dtype === 'string' && hasGoodDims(tensor) && tensor.size === values.length
    ? list
    : `raw ${list}`;
}

function printValues(tensor: Tensor, bytes: Uint8Array, abbreviate: number): string {
  const count = Math.min(tensor.size, abbreviate);
  return brace(valueTexts(tensor, bytes, count), count < tensor.size);
}

function valueTexts({ dtype }: Tensor, bytes: Uint8Array, count: number): readonly string[] {
  const { kind, bits } = findDataType(dtype)!;
  if (kind === 'float' && bits <= 16)
    return Array.from(unpackBits(bytes, bits, count), (code) => printSmallFloat(dtype, code));
  const values = decodeElements(dtype, count, bytes);
  if (kind === 'bool')
    return Array.from(values as Uint8Array, (value) => (value <= 1 ? `${value}` : `0x${value.toString(16)}`));
  if (kind !== 'float' && kind !== 'complex') return Array.from(values as ArrayLike<number | bigint>, String);
  const wide = dtype === 'float64' || dtype === 'complex128';
  const print = wide ? printFloat64 : printFloat32;
  return Array.from(values as Float64Array, (value, i) =>
    Number.isNaN(value) ? printNaN(bytes, i, wide) : print(value),
  );
}

/** The usual NaN as a word; any other as its bits, so that it reads back the same. */
function printNaN(bytes: Uint8Array, index: number, wide: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const pattern = wide ? view.getBigUint64(8 * index, true) : BigInt(view.getUint32(4 * index, true));
  const usual = wide ? 0x7ff8000000000000n : 0x7fc00000n;
  return pattern === usual ? 'nan' : `0x${pattern.toString(16)}`;
}

function brace(texts: readonly string[], more: boolean): string {
  return `{${texts.join(', ')}${more ? (texts.length > 0 ? ', …' : '…') : ''}}`;
}

const noBytes = new Uint8Array();
