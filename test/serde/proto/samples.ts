import { type FieldRow, type MessageName, schema } from '../../../src/serde/proto/schema.generated.ts';
import { type Bytes, f32, f64, group, int, len, varint } from './bytes.ts';

/**
 * Messages written from the schema with every field, and between the fields, in front and behind, fields that no
 * schema has: a varint, both fixed sizes, bytes and a group.
 *
 * `variant` chooses the members of oneofs and the type of attributes, so that a few variants cover everything.
 */
export function sample(message: MessageName, variant: number, seen: Set<string>, depth = 0): Bytes {
  seen.add(message);
  const rows: readonly FieldRow[] = schema[message];
  const members = rows.filter((row) => row[4] !== undefined);
  const chosen = members[variant % Math.max(1, members.length)];
  const fields = rows
    .filter((row) => row[4] === undefined || row === chosen)
    .filter((row) => row[1] !== 'ref_attr_name' || variant % 4 === 3)
    .flatMap((row) => [fieldOf(message, row, variant, seen, depth)])
    .filter((field) => field.length > 0);
  const middle = fields.length >> 1;
  return [...unknown, ...fields.slice(0, middle), unknown, ...fields.slice(middle), unknown].flat();
}

function fieldOf(message: string, row: FieldRow, variant: number, seen: Set<string>, depth: number): Bytes {
  const [number, name, type, label] = row;
  if (type in schema) {
    if (depth >= (branching.has(type) ? 3 : 6)) return [];
    return len(number, sample(type as MessageName, variant, seen, depth + 1));
  }
  const one = (value: number): Bytes => scalar(message, name, type, number, variant, value);
  if (label === 'packed') return len(number, [...one(1).slice(1), ...one(2).slice(1)]);
  return label === '' ? one(1) : [...one(1), ...one(2)];
}

function scalar(
  message: string,
  name: string,
  type: string,
  number: number,
  variant: number,
  value: number,
): Bytes {
  if (message === 'AttributeProto' && name === 'type') return int(number, variant % 15);
  if (message === 'TensorProto' && name === 'data_location') return int(number, variant % 2);
  if (type === 'float') return f32(number, value / 3);
  if (type === 'double') return f64(number, value / 3);
  if (type === 'string' || type === 'bytes') return len(number, `${name} ${value}`);
  return int(number, value);
}

/** Messages that hold much: not repeated without end inside one another. */
const branching = new Set([
  'NodeProto',
  'ValueInfoProto',
  'TrainingInfoProto',
  'FunctionProto',
  'SequenceProto',
  'MapProto',
  'OptionalProto',
]);

const unknown: Bytes = [
  ...int(1000, 5, 3),
  ...len(1001, 'nobody knows'),
  ...f32(1002, 1.5),
  ...f64(1003, 2.5),
  ...group(1004, int(1, 1), group(2, len(3, 'x')), f32(4, 1)),
  ...varint(1005 * 8 + 2),
  ...varint(0, 4),
];
