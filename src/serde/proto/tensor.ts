import {
  bytesOf,
  type DataType,
  dataTypeFromCode,
  dataTypeToCode,
  elementCount,
  findDataType,
  type Origin,
  packedByteLength,
  type StringEntry,
  storageOf,
  Tensor,
  type TensorStorage,
  type Traceable,
} from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import type { Decoder, Payload } from './decode.ts';
import { readExternalEntries } from './external.ts';
import { defineMessage, type Fields } from './message.ts';
import { densePayload, payloadFieldOf, readPayload } from './payload.ts';

/**
 * TensorProto ⇔ Tensor. Elements stay where they are until somebody looks: raw data and packed floats as views of the
 * file, the other typed fields and external data behind a function.
 */
export const tensorMessage = defineMessage(
  'TensorProto',
  { metadata_props: 'metadata', external_data: 'external' },
  {
    float_data: 'payload',
    int32_data: 'payload',
    int64_data: 'payload',
    double_data: 'payload',
    uint64_data: 'payload',
    raw_data: 'bytes',
  },
  { finish, fields: (message) => fieldsOf(message as Tensor), pair },
);

export const segmentMessage = defineMessage('TensorProto.Segment');

interface TensorFields extends Fields {
  readonly name: string | undefined;
  readonly dims: readonly number[];
  readonly dataType: number | undefined;
  readonly docString: string | undefined;
  readonly metadata: readonly StringEntry[];
  readonly external: readonly StringEntry[];
  readonly dataLocation: number | undefined;
  readonly rawData: Uint8Array | undefined;
  readonly stringData: readonly string[];
  readonly segment: object | undefined;
}

function finish(fields: Fields, origin: Origin, decoder: Decoder): Tensor {
  const { name, dims, docString, metadata, external, dataLocation, dataType } = fields as TensorFields;
  checkDims(dims, name, decoder);
  const dtype = dataTypeFromCode(dataType ?? 0);
  const isExternal = dataLocation === dataLocationExternal;
  return new Tensor({
    name,
    dtype,
    dims,
    docString,
    metadata,
    external: isExternal ? external : undefined,
    origin,
    storage: isExternal
      ? externalStorage(external, name, packedByteLength(dtype, elementCount(dims)), decoder)
      : inlineStorage(fields as TensorFields, dtype, origin, decoder),
  });
}

function checkDims(dims: readonly number[], name: string | undefined, decoder: Decoder): void {
  try {
    elementCount(dims, name);
  } catch (error) {
    throw error instanceof ModelError
      ? new ModelError(error.code, error.message, { at: decoder.path(), fix: error.fix })
      : error;
  }
}

function inlineStorage(
  fields: TensorFields,
  dtype: DataType,
  origin: Origin,
  decoder: Decoder,
): TensorStorage {
  if (fields.segment !== undefined) return segments;
  if (dtype === 'string') return { kind: 'strings', values: fields.stringData };
  if (fields.rawData !== undefined) return { kind: 'bytes', bytes: fields.rawData };
  if (findDataType(dtype) === undefined) return { kind: 'bytes', bytes: noBytes };
  const field = payloadFieldOf(dtype);
  const payload = fields[field] as Payload | undefined;
  if (payload === undefined) return { kind: 'bytes', bytes: noBytes };
  const dense = densePayload(decoder.bytes, payload, field);
  if (dense !== undefined) return { kind: 'bytes', bytes: dense };
  const at = decoder.path();
  let made: Uint8Array | undefined;
  return { kind: 'lazy', load: () => (made ??= readPayload(origin.bytes, field, dtype, at)) };
}

/** External bytes are kept only as long as somebody else keeps them: a model may be larger than memory. */
function externalStorage(
  entries: readonly StringEntry[],
  name: string | undefined,
  length: number,
  decoder: Decoder,
): TensorStorage {
  const resolve = decoder.external;
  if (resolve === undefined) return noResolver(entries);
  const at = decoder.path();
  let kept: WeakRef<Uint8Array> | undefined;
  const load = (): Uint8Array => {
    const bytes = kept?.deref() ?? resolve(readExternalEntries(entries, name, length, at));
    kept ??= new WeakRef(bytes);
    if (kept.deref() !== bytes) kept = new WeakRef(bytes);
    return bytes;
  };
  return { kind: 'lazy', load };
}

function noResolver(entries: readonly StringEntry[]): TensorStorage {
  const location = entries.find(({ key }) => key === 'location')?.value ?? '';
  return {
    kind: 'missing',
    code: 'external-data-missing',
    reason: `its elements are in another file, ${JSON.stringify(location)}, which was not given.`,
    fix: 'Load the model with loadModel of qdq-surgeon/node, or pass decodeModel an `external` resolver.',
  };
}

/** Everything a tensor writes. New elements are written as raw data; external ones as a reference, no elements. */
function fieldsOf(tensor: Tensor): Fields {
  return { ...headOf(tensor), ...payloadOf(tensor) };
}

function headOf(tensor: Tensor): Fields {
  const { name, dtype, dims, docString, metadata } = tensor;
  return {
    name,
    dims,
    docString,
    metadata,
    dataType: dtype === 'undefined' ? undefined : dataTypeToCode(dtype),
  };
}

function payloadOf(tensor: Tensor): Fields {
  if (tensor.external !== undefined) return { external: tensor.external, dataLocation: dataLocationExternal };
  const storage = storageOf(tensor);
  if (storage.kind === 'strings') return { stringData: storage.values };
  const known = findDataType(tensor.dtype) !== undefined;
  return { rawData: storage.kind === 'bytes' && !known ? storage.bytes : bytesOf(tensor) };
}

/**
 * Elements that were not replaced compare equal in every field that could hold them, without being looked at, and so
 * stay as they were encoded.
 */
function pair(before: Traceable, after: Traceable): readonly [Fields, Fields] {
  const [old, edited] = [before as Tensor, after as Tensor];
  const same =
    storageOf(old) === storageOf(edited) && old.dtype === edited.dtype && old.external === edited.external;
  return [
    { ...headOf(old), dims: old.dims, ...kept },
    {
      ...headOf(edited),
      dims: sameNumbers(old.dims, edited.dims) ? old.dims : edited.dims,
      ...(same ? kept : payloadOf(edited)),
    },
  ];
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

const payloadProperties = [
  'segment',
  'floatData',
  'int32Data',
  'stringData',
  'int64Data',
  'rawData',
  'doubleData',
  'uint64Data',
  'external',
  'dataLocation',
];
const keptElements: unique symbol = Symbol('elements as decoded');
const kept: Fields = Object.fromEntries(payloadProperties.map((property) => [property, keptElements]));

const dataLocationExternal = 1;
const noBytes = new Uint8Array(0);
const segments: TensorStorage = {
  kind: 'missing',
  code: 'segments-unsupported',
  reason: 'it is stored in segments, which no tool implements.',
  fix: 'Export the model without segmented tensors.',
};
