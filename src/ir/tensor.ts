import { ModelError } from '../support/errors.ts';
import { encodeUtf8 } from '../support/utf8.ts';
import {
  type DataType,
  findDataType,
  packedByteLength,
  type TypedArray,
  type TypedArrayOf,
} from './dtype.ts';
import { decodeElements, encodeElements } from './elements.ts';
import type { StringEntry } from './model.ts';
import type { Origin, Traceable } from './origin.ts';

/**
 * Where the elements of a tensor are.
 *
 * `bytes`: little-endian, packed, as in `raw_data`; may be longer than needed. `lazy`: the same, made on first use
 * (typed fields, files). `strings`: one string per element. `missing`: there is nothing to read, and why.
 */
export type TensorStorage =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'lazy'; readonly load: () => Uint8Array }
  | { readonly kind: 'strings'; readonly values: readonly string[] }
  | { readonly kind: 'missing'; readonly code: string; readonly reason: string; readonly fix?: string };

export interface TensorFields extends Traceable {
  readonly name?: string | undefined;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly storage: TensorStorage;
  readonly docString?: string | undefined;
  /** Entries of `external_data`, in file order, when the elements are (or came from) another file. */
  readonly external?: readonly StringEntry[] | undefined;
  readonly metadata?: readonly StringEntry[] | undefined;
}

/** What `tensor()` accepts as elements: a typed array of the dtype's kind, numbers, bigints, booleans or strings. */
export type TensorData = TypedArray | readonly (number | bigint | boolean | string)[];

/** How the elements are stored: for the codec, which writes back what it read. Not for general use. */
export let storageOf: (tensor: Tensor) => TensorStorage;

/**
 * The values of a tensor, decoded once and shared: for kernels and rules inside this library, which only read.
 * Everyone else gets a copy from `toTypedArray()`.
 */
export let valuesOf: (tensor: Tensor) => TypedArray;

/**
 * A dtype, dimensions, and elements that nobody else can change: readers return copies.
 *
 * A decoded tensor is a view of the file it came from; its elements are looked at when somebody asks for them.
 */
export class Tensor<D extends DataType = DataType> implements Traceable {
  readonly name: string | undefined;
  readonly dtype: D;
  /** Lengths, outermost first; `[]` is a scalar of one element. */
  readonly dims: readonly number[];
  readonly docString: string | undefined;
  readonly external: readonly StringEntry[] | undefined;
  readonly metadata: readonly StringEntry[];
  readonly origin: Origin | undefined;
  #storage: TensorStorage;
  #values: TypedArray | undefined;

  constructor(fields: TensorFields & { readonly dtype: D }) {
    this.name = fields.name;
    this.dtype = fields.dtype;
    this.dims = Object.freeze([...fields.dims]);
    this.docString = fields.docString;
    this.external = fields.external;
    this.metadata = fields.metadata ?? none;
    this.origin = fields.origin;
    this.#storage = fields.storage;
    Object.freeze(this);
  }

  /** Number of elements. Throws `dims-overflow` beyond 2^53 and `negative-dimension` below zero. */
  get size(): number {
    return elementCount(this.dims, this.name);
  }

  /** Bytes the elements take when packed as in `raw_data`; 0 for strings. */
  get byteLength(): number {
    return packedByteLength(this.dtype, this.size);
  }

  /**
   * A fresh typed array of the values in row-major order. 16-, 8-, 6- and 4-bit floats come as Float32Array, int4 and int2
   * as Int8Array, bool as Uint8Array of 0 and 1, complex numbers interleaved. Throws `no-typed-array` for strings.
   */
  toTypedArray(): D extends keyof TypedArrayOf ? TypedArrayOf[D] : TypedArray {
    return valuesOf(this).slice() as never;
  }

  /** The strings of a string tensor, as many as its dims say. */
  toStrings(): readonly string[] {
    const storage = this.#storage;
    if (storage.kind === 'missing') throw missingElements(this, storage);
    if (storage.kind !== 'strings')
      throw new ModelError('not-a-string-tensor', `${title(this)} holds ${this.dtype}, not strings.`);
    const { size } = this;
    if (storage.values.length < size) throw tooShort(this, `${size} strings`, storage.values.length);
    return storage.values.length === size ? storage.values : Object.freeze(storage.values.slice(0, size));
  }

  /** A copy of the elements as `raw_data` holds them: little-endian, packed. */
  toBytes(): Uint8Array {
    return bytesOf(this).slice();
  }

  /** The same elements under another name. */
  withName(name: string | undefined): Tensor<D> {
    return this.with({ name });
  }

  /** The same elements in another shape of as many elements. */
  withDims(dims: readonly number[]): Tensor<D> {
    if (elementCount(dims) !== this.size) {
      throw new ModelError(
        'shape-mismatch',
        `${title(this)} has ${this.size} elements; dims [${dims}] need ${elementCount(dims)}.`,
      );
    }
    return this.with({ dims });
  }

  /** A changed copy; whatever is not named stays, elements included. */
  with(changes: Partial<TensorFields>): Tensor<D> {
    return new Tensor({
      ...fieldsOf(this),
      ...changes,
      storage: changes.storage ?? this.#storage,
      dtype: (changes.dtype ?? this.dtype) as D,
    });
  }

  static {
    storageOf = (tensor) => tensor.#storage;
    valuesOf = (tensor) => (tensor.#values ??= readValues(tensor));
  }
}

/** The packed little-endian bytes, exactly `byteLength` of them, possibly shared: only read them. */
export function bytesOf(tensor: Tensor): Uint8Array {
  const storage = storageOf(tensor);
  if (storage.kind === 'strings')
    throw new ModelError('no-typed-array', `${title(tensor)} holds strings; read it with toStrings().`);
  if (storage.kind === 'missing') throw missingElements(tensor, storage);
  const bytes = storage.kind === 'bytes' ? storage.bytes : storage.load();
  const needed = tensor.byteLength;
  if (bytes.length < needed) throw tooShort(tensor, `${needed} bytes`, bytes.length);
  return bytes.length === needed ? bytes : bytes.subarray(0, needed);
}

/**
 * Makes a tensor.
 *
 * @param dtype element type; values are converted to it (16-bit and smaller floats round half to even, integers must fit)
 * @param dims lengths, outermost first; `[]` for a scalar
 * @param data as many values as the dims say, in row-major order. A typed array is copied.
 * @throws ModelError `shape-mismatch` if the count is wrong, `value-out-of-range` if a value does not fit the dtype
 */
export function tensor<D extends DataType>(
  dtype: D,
  dims: readonly number[],
  data: TensorData,
  name?: string,
): Tensor<D> {
  const count = elementCount(dims, name);
  const info = findDataType(dtype);
  if (info === undefined)
    throw new ModelError('unknown-dtype', `No tensor can be made of element type "${dtype}".`);
  const expected = info.kind === 'complex' ? 2 * count : count;
  if (data.length !== expected) {
    throw new ModelError(
      'shape-mismatch',
      `A ${dtype}[${dims}] has ${expected} values, but ${data.length} were given.`,
    );
  }
  if (info.kind === 'string') {
    const values = Object.freeze([...(data as readonly string[])].map(String));
    return new Tensor({ name, dtype, dims, storage: { kind: 'strings', values } });
  }
  return new Tensor({
    name,
    dtype,
    dims,
    storage: { kind: 'bytes', bytes: encodeElements(dtype, data as never) },
  });
}

/** A tensor around bytes as `raw_data` holds them (little-endian, packed). The bytes are not copied: do not change them. */
export function tensorFromBytes<D extends DataType>(
  dtype: D,
  dims: readonly number[],
  bytes: Uint8Array,
  name?: string,
): Tensor<D> {
  const made = new Tensor({ name, dtype, dims, storage: { kind: 'bytes', bytes } });
  bytesOf(made);
  return made;
}

/** Product of dims, checked: never negative, never beyond what a number holds exactly. */
export function elementCount(dims: readonly number[], name?: string): number {
  let count = 1;
  let empty = false;
  for (const dim of dims) {
    if (dim < 0)
      throw new ModelError(
        'negative-dimension',
        `${name ? `Tensor "${name}"` : 'A tensor'} has a negative dimension in [${dims}].`,
        { at: place(name), fix: 'The file is damaged; export the model again.' },
      );
    if (dim === 0) empty = true;
    else count *= dim;
    if (!Number.isSafeInteger(count)) {
      throw new ModelError(
        'dims-overflow',
        `${name ? `Tensor "${name}"` : 'A tensor'} of dims [${dims}] has more elements than 2^53.`,
        { at: place(name), fix: 'The file is damaged; no real tensor is that large.' },
      );
    }
  }
  return empty ? 0 : count;
}

/** Bytes a string tensor's element is stored as. */
export function stringBytes(value: string): Uint8Array {
  return encodeUtf8(value);
}

function readValues(tensor: Tensor): TypedArray {
  return decodeElements(tensor.dtype, tensor.size, bytesOf(tensor));
}

function missingElements(
  tensor: Tensor,
  { code, reason, fix }: TensorStorage & { kind: 'missing' },
): ModelError {
  return new ModelError(code, `${title(tensor)}: ${reason}`, { at: place(tensor.name), fix });
}

function tooShort(tensor: Tensor, needed: string, held: number): ModelError {
  return new ModelError(
    'tensor-too-short',
    `${title(tensor)} is ${tensor.dtype}[${tensor.dims}] and needs ${needed}, but holds ${held}.`,
    { at: place(tensor.name), fix: 'The file is damaged or its dims are wrong; export the model again.' },
  );
}

function fieldsOf(tensor: Tensor): Omit<TensorFields, 'storage'> {
  const { name, dtype, dims, docString, external, metadata, origin } = tensor;
  return { name, dtype, dims, docString, external, metadata, origin };
}

function place(name: string | undefined): string | undefined {
  return name ? `tensor "${name}"` : undefined;
}

function title(tensor: Tensor): string {
  return tensor.name ? `Tensor "${tensor.name}"` : 'A tensor';
}

const none: readonly never[] = Object.freeze([]);
