import {
  elementCount,
  findDataType,
  type SparseTensor,
  type StringEntry,
  Tensor,
  type TensorFields,
  type TensorStorage,
  type TensorType,
  type Type,
} from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { readElements } from './read-elements.ts';
import { readType } from './read-type.ts';
import { readBlock, readEntries, valueFields } from './records.ts';
import type { Scanner } from './scanner.ts';

/** What a tensor is before its elements are known. */
export type TensorHead = Pick<TensorFields, 'name' | 'dtype' | 'dims'>;

/** Reads `float[2] name = {1, 2}`; name and `=` may be left out. */
export function readTensor(scanner: Scanner): Tensor {
  scanner.peek();
  const at = scanner.position;
  return readTensorAfterType(scanner, readType(scanner), at);
}

/** The same when the type has been read already; `at` is where it began. */
export function readTensorAfterType(scanner: Scanner, type: Type, at: number): Tensor {
  const head = headOf(scanner, type, at);
  const name = scanner.atName() ? scanner.name('a name') : undefined;
  scanner.takes('=');
  return readData(scanner, name === undefined ? head : { ...head, name }, at);
}

/** Dtype and dims of a constant, from the type in front of it. A rank left open (`float[]`) is taken for a scalar. */
export function headOf(scanner: Scanner, type: Type, at: number): TensorHead {
  if (type.kind !== 'tensor') return scanner.expected('the type of a tensor, such as float[2]', at);
  return { dtype: type.elemType, dims: dimsOf(scanner, type, at) };
}

/** Reads what stands after the `=`: elements, external data, raw bytes, an interpolated tensor; and a block. */
export function readData(scanner: Scanner, head: TensorHead, at: number): Tensor {
  const given = scanner.takesTensor();
  if (given !== undefined) return checkGiven(scanner, given, head, at);
  const external = scanner.peek() === '[' ? readEntries(scanner) : undefined;
  const storage = readStorage(scanner, head, at, external);
  return new Tensor({
    ...head,
    storage,
    ...(external !== undefined && { external }),
    ...readBlock<object>(scanner, valueFields),
  });
}

/** Reads `sparse_tensor[3, 4] {float[2] values = {5, 6}, int64[2] = {0, 7}}`. */
export function readSparseTensor(scanner: Scanner): SparseTensor {
  scanner.take('sparse_tensor');
  scanner.take('[');
  const dims = scanner.list(']', () => scanner.exactInteger('a dimension'));
  scanner.take('{', ' before values and indices');
  const values = scanner.takes('?') ? undefined : readTensor(scanner);
  scanner.take(',', ' between values and indices');
  const indices = scanner.takes('?') ? undefined : readTensor(scanner);
  scanner.take('}');
  return Object.freeze({
    ...(values !== undefined && { values }),
    ...(indices !== undefined && { indices }),
    dims,
  });
}

function dimsOf(scanner: Scanner, type: TensorType, at: number): readonly number[] {
  return (type.shape ?? []).map(
    ({ value }) =>
      value ?? scanner.fail('syntax', 'The dimensions of a constant have to be whole numbers.', at),
  );
}

function readStorage(
  scanner: Scanner,
  head: TensorHead,
  at: number,
  external: readonly StringEntry[] | undefined,
): TensorStorage {
  if (scanner.takesWord('raw')) return readRaw(scanner);
  if (scanner.takesWord('missing')) return readMissing(scanner);
  if (external !== undefined && scanner.peek() !== '{') return notLoaded(external);
  return readCounted(scanner, head, at);
}

/** Elements as values: as many as the dims say. */
function readCounted(scanner: Scanner, { name, dtype, dims }: TensorHead, at: number): TensorStorage {
  const { count, bytes, strings } = readElements(scanner, dtype);
  const expected = countOf(scanner, dims, at) * (findDataType(dtype)!.kind === 'complex' ? 2 : 1);
  if (count !== expected) {
    const title = name ? `"${name}"` : 'This constant';
    const text = `${title} is ${dtype}[${dims}] and has ${expected} values, but ${count} are given.`;
    scanner.fail('shape-mismatch', text, at);
  }
  return strings === undefined ? { kind: 'bytes', bytes: bytes! } : { kind: 'strings', values: strings };
}

function countOf(scanner: Scanner, dims: readonly number[], at: number): number {
  try {
    return elementCount(dims);
  } catch (error) {
    if (error instanceof ModelError) scanner.fail(error.code, error.message, at, error.fix);
    throw error;
  }
}

/** `raw "00ff"` – the bytes as they are, unchecked – or `raw {"a", "b"}` – strings, uncounted. */
function readRaw(scanner: Scanner): TensorStorage {
  if (scanner.peek() === '{') return { kind: 'strings', values: readElements(scanner, 'string').strings! };
  const at = scanner.position;
  const text = scanner.string('bytes in hexadecimal, in quotes');
  if (text.includes('…')) return scanner.fail('abbreviated-text', 'Bytes were left out here ("…").', at);
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text))
    return scanner.fail('syntax', 'Expected pairs of hexadecimal digits.', at);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return { kind: 'bytes', bytes };
}

/** `missing "code" "reason" "fix"`: there are no elements, and why. */
function readMissing(scanner: Scanner): TensorStorage {
  const code = scanner.string('an error code in quotes');
  const reason = scanner.string('a reason in quotes');
  const fix = scanner.peek() === '"' ? scanner.string('advice in quotes') : undefined;
  return { kind: 'missing', code, reason, ...(fix !== undefined && { fix }) };
}

function checkGiven(scanner: Scanner, given: Tensor, head: TensorHead, at: number): Tensor {
  if (given.dtype !== head.dtype || given.dims.join() !== head.dims.join()) {
    const text = `The interpolated tensor is ${given.dtype}[${given.dims}], not ${head.dtype}[${head.dims}].`;
    scanner.fail('type-mismatch', text, at);
  }
  return 'name' in head ? given.withName(head.name) : given;
}

function notLoaded(entries: readonly StringEntry[]): TensorStorage {
  const location = entries.find(({ key }) => key === 'location')?.value ?? '';
  return {
    kind: 'missing',
    code: 'external-data-missing',
    reason: `its elements are in another file, ${JSON.stringify(location)}, which text only refers to.`,
    fix: 'Load the model from its files.',
  };
}
