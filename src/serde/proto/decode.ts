import { Origin, type Traceable } from '../../ir/index.ts';
import { decodeUtf8 } from '../../support/utf8.ts';
import type { ExternalResolver } from './external.ts';
import { accepts, codecOf, type FieldCodec, type Fields, type MessageCodec, none } from './message.ts';
import { WireReader } from './wire.ts';

/** Typed data of a tensor, not yet looked at: where the last of its slots is, and how many there are. */
export interface Payload {
  readonly start: number;
  readonly end: number;
  readonly slots: number;
  readonly packed: boolean;
}

/** Decodes messages into the IR. One decoder reads one buffer. */
export class Decoder extends WireReader {
  /**
   * Never used. While there is one decoder, V8 keeps its hidden class, and with that the code it compiled; else a
   * garbage collection between two models throws both away, and the next one takes several times as long.
   */
  static override readonly kept: object = new Decoder(new Uint8Array(0));

  readonly external: ExternalResolver | undefined;
  readonly #frames: Frame[] = [];
  readonly #depths = new Map<MessageCodec, number>();
  #budget: number;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, external?: ExternalResolver) {
    super(bytes);
    this.external = external;
    this.#budget = 2 ** 20 + 2 * bytes.length;
  }

  /** The whole buffer as one message. */
  decode(codec: MessageCodec): Traceable {
    return this.#message(codec, undefined, 0, this.bytes.length);
  }

  override place(): string {
    return [...this.#titles(), super.place()].join('/');
  }

  /** The place of the message being read, without the byte. */
  path(): string {
    const titles = this.#titles();
    return titles.length > 0 ? titles.join('/') : 'byte 0';
  }

  #titles(): string[] {
    const titles = this.#frames.map(title).filter((part) => part !== '');
    return titles.length < 16 ? titles : [...titles.slice(0, 8), '…', ...titles.slice(-4)];
  }

  /** The fields of the whole buffer, with its origin, where `decode` makes the IR's object of them. */
  decodeFields(codec: MessageCodec): Fields {
    const fields = this.#fields(codec, undefined, 0, this.bytes.length);
    const origin = new Origin(this.bytes);
    origin.describe(Object.freeze(withOrigin(fields, origin)));
    return fields;
  }

  #message(
    codec: MessageCodec,
    field: FieldCodec | undefined,
    start: number,
    end: number,
    index = -1,
  ): Traceable {
    const { end: outerEnd } = this;
    const fields = this.#fields(codec, field, start, end, index);
    const origin = new Origin(this.bytes, start, end);
    const message = codec.hooks.finish?.(fields, origin, this) ?? Object.freeze(withOrigin(fields, origin));
    origin.describe(message);
    if (codec.hooks.maxDepth !== undefined) this.#depths.set(codec, this.#depths.get(codec)! - 1);
    this.#frames.pop();
    this.end = outerEnd;
    this.pos = end;
    return message;
  }

  /** Reads the fields of a message and leaves its frame behind, for errors found while they are put to use. */
  #fields(
    codec: MessageCodec,
    field: FieldCodec | undefined,
    start: number,
    end: number,
    index = -1,
  ): Fields {
    const fields: Fields = { ...codec.template };
    const bodies: Body[] = [];
    this.#frames.push({ field, index, fields });
    this.#enter(codec);
    this.pos = start;
    this.end = end;
    while (this.pos < end) {
      this.tag();
      const known = codec.byNumber[this.field];
      if (known === undefined || !accepts(known, this.wire)) this.skip();
      else this.#field(codec, known, fields, bodies);
    }
    for (const body of bodies) this.#singular(body, fields);
    for (const property of codec.lists) {
      const list = fields[property] as readonly unknown[];
      // A copy has no room to grow; lists are mostly short, and a pushed one has room for 17.
      if (list !== none) fields[property] = Object.freeze(list.slice());
    }
    return fields;
  }

  #field(codec: MessageCodec, field: FieldCodec, fields: Fields, bodies: Body[]): void {
    for (const number of field.rivals) {
      fields[codec.byNumber[number]!.property] = undefined;
      const rival = bodies.findIndex((body) => body.field.number === number);
      if (rival >= 0) bodies.splice(rival, 1);
    }
    if (field.kind === 'message') this.#nested(field, fields, bodies);
    else if (field.kind === 'payload') this.#payload(field, fields);
    else if (!field.repeated) fields[field.property] = this.#scalar(field);
    else this.#elements(field, fields);
  }

  /** Singular messages wait for the end of their parent: a second body is merged with the first. */
  #nested(field: FieldCodec, fields: Fields, bodies: Body[]): void {
    const end = this.length();
    const start = this.pos;
    if (field.repeated) {
      const list = listOf(fields, field.property);
      list.push(this.#message(codecOf(field.message!), field, start, end, list.length));
      return;
    }
    const body = bodies.find((other) => other.field === field);
    if (body === undefined) bodies.push({ field, spans: [this.bytes.subarray(start, end)], start });
    else body.spans.push(this.bytes.subarray(start, end));
    this.pos = end;
  }

  #singular({ field, spans, start }: Body, fields: Fields): void {
    const codec = codecOf(field.message!);
    if (spans.length === 1) {
      fields[field.property] = this.#message(codec, field, start, start + spans[0]!.length);
      return;
    }
    const { bytes, pos, end } = this;
    const view = this.#view;
    this.bytes = concat(spans);
    this.#spend(this.bytes.length / 64);
    this.#view = undefined;
    fields[field.property] = this.#message(codec, field, 0, this.bytes.length);
    this.bytes = bytes;
    this.#view = view;
    this.pos = pos;
    this.end = end;
  }

  #elements(field: FieldCodec, fields: Fields): void {
    const list = listOf(fields, field.property);
    const end = this.wire === 2 && field.wire !== 2 ? this.length() : this.pos + 1;
    const outerEnd = this.end;
    if (this.wire !== field.wire) this.end = end;
    while (this.pos < end) {
      this.#spend(4);
      list.push(this.#scalar(field));
    }
    this.end = outerEnd;
  }

  #payload(field: FieldCodec, fields: Fields): void {
    const packed = this.wire === 2;
    const end = packed ? this.length() : this.pos;
    const start = this.pos;
    if (packed) this.pos = end;
    else this.skip();
    if (packed && field.wire !== 0 && (end - start) % (field.wire === 5 ? 4 : 8) !== 0)
      this.fail('malformed', `The ${field.name} of a tensor ends in the middle of an element.`, damaged);
    const slots = ((fields[field.property] as Payload | undefined)?.slots ?? 0) + 1;
    fields[field.property] = { start, end: this.pos, slots, packed } satisfies Payload;
  }

  #scalar(field: FieldCodec): unknown {
    switch (field.kind) {
      case 'string':
        return decodeUtf8(this.#bytes());
      case 'bytes':
        return this.#bytes();
      case 'float':
        return this.#floats.getFloat32(this.take(4), true);
      case 'double':
        return this.#floats.getFloat64(this.take(8), true);
      default:
        this.varint();
        if (field.kind === 'int32') return this.lo;
        if (field.kind === 'exact') return this.bigint;
        return field.kind === 'int64' ? this.int64 : this.uint64;
    }
  }

  #bytes(): Uint8Array {
    const end = this.length();
    const view = this.bytes.subarray(this.pos, end);
    this.pos = end;
    return view;
  }

  get #floats(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  #enter(codec: MessageCodec): void {
    this.#spend(8);
    const { maxDepth } = codec.hooks;
    if (maxDepth === undefined) return;
    const depth = (this.#depths.get(codec) ?? 0) + 1;
    this.#depths.set(codec, depth);
    if (depth > maxDepth)
      this.fail('too-deep', `${codec.name} messages are nested deeper than ${maxDepth} levels.`, damaged);
  }

  /**
   * Bounds the time and memory that a file of nothing but empty messages could take: beyond the first hundred thousand,
   * one message for four bytes. No real file has that many; the smallest message, a dimension, takes four.
   */
  #spend(units: number): void {
    this.#budget -= units;
    if (this.#budget < 0)
      this.fail(
        'too-many-messages',
        `The model has more messages than its ${this.bytes.length} bytes can mean; most of them are empty.`,
        damaged,
      );
  }
}

interface Frame {
  readonly field: FieldCodec | undefined;
  readonly index: number;
  readonly fields: Fields;
}

interface Body {
  readonly field: FieldCodec;
  readonly spans: Uint8Array[];
  readonly start: number;
}

function title({ field, index, fields }: Frame): string {
  if (field?.name === 'graph') return 'main';
  const name = fields.name === undefined || fields.name === '' ? '' : ` ${JSON.stringify(fields.name)}`;
  if (field === undefined) return name.trimStart();
  return field.name === 'attribute' && name !== ''
    ? `attribute${name}`
    : `${field.name}${index < 0 ? '' : ` ${index}`}${name}`;
}

function listOf(fields: Fields, property: string): unknown[] {
  if (fields[property] === none) fields[property] = [];
  return fields[property] as unknown[];
}

function withOrigin(fields: Fields, origin: Origin): Fields {
  fields.origin = origin;
  return fields;
}

function concat(spans: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(spans.reduce((sum, span) => sum + span.length, 0));
  let at = 0;
  for (const span of spans) {
    all.set(span, at);
    at += span.length;
  }
  return all;
}

const damaged = 'The file is damaged; copy or export it again.';
