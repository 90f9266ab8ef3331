import type { Origin, Traceable } from '../../ir/index.ts';
import type { Decoder } from './decode.ts';
import { type FieldRow, type MessageName, schema } from './schema.generated.ts';

/** The fields of one message by the names the IR uses; absent fields are undefined, repeated ones lists. */
export type Fields = Record<string, unknown>;

/**
 * How a value is read. `string` covers `bytes` fields too, which the IR holds as lossless text; `bytes` is raw data;
 * `exact` is int64 as bigint; `payload` are the typed data of a tensor, left where they are until somebody looks.
 */
export type Kind =
  | 'int32'
  | 'int64'
  | 'exact'
  | 'uint64'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes'
  | 'message'
  | 'payload';

export interface FieldCodec {
  readonly number: number;
  /** As onnx.proto spells it. */
  readonly name: string;
  /** As the IR spells it. */
  readonly property: string;
  readonly kind: Kind;
  /** Wire type of one element. */
  readonly wire: number;
  readonly repeated: boolean;
  readonly packed: boolean;
  readonly message: MessageName | undefined;
  /** Other members of the same oneof: reading one forgets the others. */
  readonly rivals: readonly number[];
}

/** How one message is written down, and what it is in the IR. */
export interface MessageCodec {
  readonly name: MessageName;
  /** Ascending by number. */
  readonly fields: readonly FieldCodec[];
  /** The field of a number. */
  readonly byNumber: readonly (FieldCodec | undefined)[];
  /** Properties that are lists. */
  readonly lists: readonly string[];
  /** All properties, absent: copied for every message, so that all have one shape. */
  readonly template: Fields;
  readonly hooks: MessageHooks;
}

/** What messages need whose IR differs from their fields. */
export interface MessageHooks {
  /** What an absent field is, where the IR has no room for absent. */
  readonly defaults?: Fields;
  /** How deep messages of this kind may be nested. */
  readonly maxDepth?: number;
  /** Makes the IR object, frozen, of the decoded fields. */
  readonly finish?: (fields: Fields, origin: Origin, decoder: Decoder) => Traceable;
  /** The fields of an IR object. */
  readonly fields?: (message: Traceable) => Fields;
  /** The fields of an edited object and of the one it was decoded as; what is identical in both is not rewritten. */
  readonly pair?: (before: Traceable, after: Traceable) => readonly [Fields, Fields];
}

export interface MessageNames {
  /** Properties whose name is not the field's name in camelCase. */
  readonly [field: string]: string;
}

const codecs = new Map<MessageName, MessageCodec>();

/** Describes a message of the schema. Its fields keep their order and numbers; names are mapped to the IR's. */
export function defineMessage(
  name: MessageName,
  names: MessageNames = {},
  kinds: { readonly [field: string]: Kind } = {},
  hooks: MessageHooks = {},
): MessageCodec {
  const rows: readonly FieldRow[] = schema[name];
  const fields = rows.map((row) => fieldCodec(row, names[row[1]] ?? camelCase(row[1]), kinds[row[1]], rows));
  const byNumber: (FieldCodec | undefined)[] = [];
  for (let i = 0; i <= fields.at(-1)!.number; i++) byNumber.push(fields.find(({ number }) => number === i));
  const template = Object.fromEntries(
    fields.map(({ property, repeated, kind }) => [
      property,
      hooks.defaults?.[property] ?? (repeated && kind !== 'payload' ? none : undefined),
    ]),
  );
  const lists = fields.flatMap(({ property, repeated, kind }) =>
    repeated && kind !== 'payload' ? [property] : [],
  );
  const codec = { name, fields, byNumber, lists, template: { ...template, origin: undefined }, hooks };
  codecs.set(name, codec);
  return codec;
}

/** The codec of a message that `defineMessage` described. */
export function codecOf(name: MessageName): MessageCodec {
  return codecs.get(name)!;
}

/** Whether a field is encoded as this wire type; numbers that repeat may come one by one or packed. */
export function accepts(field: FieldCodec, wire: number): boolean {
  return wire === field.wire || (wire === 2 && field.repeated && field.wire !== 2);
}

/** The list of no elements that every empty repeated field shares. */
export const none: readonly never[] = Object.freeze([]);

function fieldCodec(
  [number, name, type, label, oneof]: FieldRow,
  property: string,
  kind: Kind | undefined,
  rows: readonly FieldRow[],
): FieldCodec {
  const isMessage = type in schema;
  return {
    number,
    name,
    property,
    kind: kind ?? (isMessage ? 'message' : kindOf(type)),
    wire: wireTypes.get(type) ?? 2,
    repeated: label !== '',
    packed: label === 'packed',
    message: isMessage ? (type as MessageName) : undefined,
    rivals:
      oneof === undefined
        ? none
        : rows.flatMap((row) => (row[4] === oneof && row[0] !== number ? [row[0]] : [])),
  };
}

function kindOf(type: string): Kind {
  if (type === 'bytes') return 'string';
  return type === 'enum' ? 'int32' : (type as Kind);
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const wireTypes = new Map([
  ['int32', 0],
  ['int64', 0],
  ['uint64', 0],
  ['enum', 0],
  ['float', 5],
  ['double', 1],
]);
