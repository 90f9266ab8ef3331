import type { Model, OptionalData, SequenceData, Tensor, Traceable } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { Decoder } from './decode.ts';
import { Encoder } from './encode.ts';
import type { ExternalResolver } from './external.ts';
import type { MessageCodec } from './message.ts';
import { messages } from './messages.ts';
import type { MessageName } from './schema.generated.ts';
import { signatureOf } from './signature.ts';

export type { ExternalReference, ExternalResolver } from './external.ts';

export interface DecodeOptions {
  /** Finds the elements of tensors that are in other files. Without it, they are missing. */
  readonly external?: ExternalResolver | undefined;
}

/**
 * Decodes an ONNX model. Nothing is copied: the model refers to `bytes`, which must not change.
 *
 * @throws ModelError `not-onnx`, `truncated`, `malformed`, `missing-graph`, `too-deep`, `dims-overflow` … with its place
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): Model {
  return decode('ModelProto', bytes, options) as Model;
}

/** Encodes a model. One that was decoded and not edited gives the same bytes again. */
export function encodeModel(model: Model): Uint8Array {
  return encode('ModelProto', model);
}

/**
 * Encodes a model as a list of chunks, to be written one after the other. Large tensors and what was not edited are
 * not copied but views of the bytes they came from: only read them.
 */
export function encodeModelChunks(model: Model): Uint8Array[] {
  return encodeChunks('ModelProto', model);
}

/** Decodes a TensorProto, as `.pb` test data files hold it. */
export function decodeTensor(bytes: Uint8Array, options: DecodeOptions = {}): Tensor {
  return decode('TensorProto', bytes, options) as Tensor;
}

/** Encodes a TensorProto. */
export function encodeTensor(tensor: Tensor): Uint8Array {
  return encode('TensorProto', tensor);
}

/** Decodes a SequenceProto, the value of a graph input or output of sequence type. */
export function decodeSequence(bytes: Uint8Array, options: DecodeOptions = {}): SequenceData {
  return decode('SequenceProto', bytes, options) as SequenceData;
}

/** Encodes a SequenceProto. */
export function encodeSequence(sequence: SequenceData): Uint8Array {
  return encode('SequenceProto', sequence);
}

/** Decodes an OptionalProto, the value of a graph input or output of optional type. */
export function decodeOptional(bytes: Uint8Array, options: DecodeOptions = {}): OptionalData {
  return decode('OptionalProto', bytes, options) as OptionalData;
}

/** Encodes an OptionalProto. */
export function encodeOptional(optional: OptionalData): Uint8Array {
  return encode('OptionalProto', optional);
}

function decode(name: MessageName, bytes: Uint8Array, options: DecodeOptions): Traceable {
  if (!ArrayBuffer.isView(bytes))
    throw new ModelError('not-onnx', 'An encoded model or tensor is a Uint8Array.', {
      fix: 'Read the file as bytes.',
    });
  // A Node.js Buffer takes its slices the slow way; look at the same memory as plain bytes.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return new Decoder(plain, options.external).decode(codecOf(name));
  } catch (error) {
    throw error instanceof ModelError ? (signatureError(name, plain, error) ?? error) : error;
  }
}

/** A clearer error if the bytes are something else that can be recognized. */
function signatureError(name: MessageName, bytes: Uint8Array, cause: ModelError): ModelError | undefined {
  const found = signatureOf(bytes);
  if (found === undefined) return undefined;
  const wanted = name === 'ModelProto' ? 'ONNX model' : name;
  return new ModelError('not-onnx', `This is no ${wanted} but ${found.what}.`, {
    at: 'byte 0',
    fix: found.fix,
    cause,
  });
}

function encode(name: MessageName, message: Traceable): Uint8Array {
  const chunks = encodeChunks(name, message);
  if (chunks.length === 1) return chunks[0]!.slice();
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function encodeChunks(name: MessageName, message: Traceable): Uint8Array[] {
  const encoder = new Encoder();
  encoder.message(codecOf(name), message);
  if (encoder.length < 2 ** 31) return encoder.finish();
  throw new ModelError(
    'model-too-large',
    `The model takes ${encoder.length} bytes; protobuf readers stop at 2 GiB.`,
    {
      fix: 'Save it with external data: saveModel(model, path, { externalThreshold: 1024 }).',
    },
  );
}

function codecOf(name: MessageName): MessageCodec {
  return messages.find((message) => message.name === name)!;
}
