import { isUntouched, type Traceable } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { encodeUtf8 } from '../../support/utf8.ts';
import { codecOf, type FieldCodec, type Fields, type MessageCodec } from './message.ts';
import { patchMessage } from './patch.ts';
import { WireWriter } from './writer.ts';

/**
 * Writes messages. One that nobody edited is the bytes it came from; of one that was edited, what was not edited; one
 * that was built anew is written as every protobuf library would: fields in ascending order, minimal numbers.
 *
 * Everything is written last thing first (see WireWriter).
 */
export class Encoder extends WireWriter {
  /** Never used; see `Decoder.kept`. */
  static readonly kept = new Encoder();

  #depth = 0;

  /** The body of a message. */
  message(codec: MessageCodec, message: Traceable): void {
    if (isUntouched(message)) this.bytes(message.origin!.bytes);
    else this.#edited(codec, message);
  }

  /** A whole field; one that is undefined or an empty list leaves nothing. */
  field(field: FieldCodec, value: unknown): void {
    if (value === undefined) return;
    if (!field.repeated) this.element(field, value);
    else if (field.packed) this.packed(field, value as readonly unknown[]);
    else this.#elements(field, value as readonly unknown[]);
  }

  /** A field in packed encoding. */
  packed(field: FieldCodec, list: readonly unknown[]): void {
    if (list.length === 0) return;
    const before = this.length;
    for (let i = list.length - 1; i >= 0; i--) this.#value(field, list[i]);
    this.header(field.number, before);
  }

  /** One element with its tag. */
  element(field: FieldCodec, value: unknown): void {
    const before = this.length;
    this.#value(field, value);
    if (field.wire === 2) this.header(field.number, before);
    else this.tag(field.number, field.wire);
  }

  #edited(codec: MessageCodec, message: Traceable): void {
    if (++this.#depth > maxDepth)
      throw new ModelError(
        'too-deep',
        `The model nests messages deeper than ${maxDepth} levels; it cannot be written.`,
      );
    const before = message.origin?.message;
    if (before !== undefined) patchMessage(this, codec, before as Traceable, message);
    else this.#fields(codec, codec.hooks.fields?.(message) ?? (message as Fields));
    this.#depth -= 1;
  }

  #fields(codec: MessageCodec, fields: Fields): void {
    for (let i = codec.fields.length - 1; i >= 0; i--) {
      const field = codec.fields[i]!;
      this.field(field, fields[field.property]);
    }
  }

  #elements(field: FieldCodec, list: readonly unknown[]): void {
    for (let i = list.length - 1; i >= 0; i--) this.element(field, list[i]);
  }

  #value(field: FieldCodec, value: unknown): void {
    if (field.kind === 'message') this.message(codecOf(field.message!), value as Traceable);
    else if (field.kind === 'string') this.bytes(encodeUtf8(value as string));
    else if (field.kind === 'bytes') this.bytes(value as Uint8Array);
    else if (field.kind === 'float') this.float(value as number);
    else if (field.kind === 'double') this.double(value as number);
    else if (field.kind === 'exact') this.bigint(checkBigint(field, value));
    else this.integer(checkInteger(field, value));
  }
}

function checkBigint(field: FieldCodec, value: unknown): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  throw new ModelError(
    'value-out-of-range',
    `${String(value)} is no 64-bit integer; the field ${field.name} holds one.`,
    {
      fix: typeof value === 'number' ? 'INT attributes are bigint: write 1n, not 1.' : undefined,
    },
  );
}

function checkInteger(field: FieldCodec, value: unknown): number {
  const fits =
    field.kind === 'int32' ? (value as number) === ((value as number) | 0) : Number.isSafeInteger(value);
  if (fits && (field.kind !== 'uint64' || (value as number) >= 0)) return value as number;
  throw new ModelError(
    'value-out-of-range',
    `${String(value)} does not fit the field ${field.name}, which is ${field.kind}.`,
  );
}

const maxDepth = 1000;
