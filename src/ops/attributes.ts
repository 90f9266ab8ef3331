import type {
  Attribute,
  AttributeType,
  AttributeValues,
  Graph,
  Node,
  SparseTensor,
  Tensor,
  Type,
} from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import type { OperatorAttributes } from './operators.generated.ts';
import { findSchema } from './schema.ts';

/** An attribute value as rules and kernels see it: INT and INTS as exact numbers. */
export type PlainValue =
  | number
  | string
  | Tensor
  | Graph
  | SparseTensor
  | Type
  | readonly number[]
  | readonly string[]
  | readonly Tensor[]
  | readonly Graph[]
  | readonly SparseTensor[]
  | readonly Type[];

export function findAttribute(node: Node, name: string): Attribute | undefined {
  return node.attributes.find((attribute) => attribute.name === name);
}

/**
 * The value of an attribute of a given type; `undefined` when absent.
 *
 * @throws ModelError `attribute-type` when it has another type
 */
export function attributeValue<Kind extends AttributeType>(
  node: Node,
  name: string,
  type: Kind,
): AttributeValues[Kind] | undefined {
  const attribute = findAttribute(node, name);
  if (attribute === undefined) return undefined;
  if (attribute.type !== type) throw wrongType(node, attribute, type);
  return attribute.value as AttributeValues[Kind];
}

/** INT attribute as an exact number. Throws `value-out-of-range` beyond 2^53. */
export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, fallback: number): number;
export function intAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const value = attributeValue(node, name, 'INT');
  return value === undefined ? fallback : exactNumber(value, node, name);
}

/** INTS attribute as exact numbers. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return attributeValue(node, name, 'INTS')?.map((value) => exactNumber(value, node, name));
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  return attributeValue(node, name, 'FLOAT') ?? fallback;
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  return attributeValue(node, name, 'STRING') ?? fallback;
}

/**
 * All attributes of a standard operator's node with the defaults of the schema in force filled in; of any other node
 * those it has. Values are plain: INT as number.
 */
export function plainAttributes<Op extends string>(
  node: Node,
  opset: number | undefined,
): Op extends keyof OperatorAttributes
  ? OperatorAttributes[Op]
  : Readonly<Record<string, PlainValue | undefined>> {
  const values: Record<string, PlainValue | undefined> = Object.create(null);
  const schema = opset === undefined ? undefined : findSchema(node.domain, node.opType, opset);
  for (const entry of schema?.attributes.values() ?? []) values[entry.name] = entry.default;
  for (const attribute of node.attributes) values[attribute.name] = plainValue(node, attribute);
  return values as never;
}

/** The plain value of an attribute; `undefined` for references and attributes of unknown type. */
export function plainValue(node: Node, attribute: Attribute): PlainValue | undefined {
  switch (attribute.type) {
    case 'INT':
      return exactNumber(attribute.value, node, attribute.name);
    case 'INTS':
      return attribute.value.map((value) => exactNumber(value, node, attribute.name));
    case 'REFERENCE':
    case 'UNDEFINED':
      return undefined;
    default:
      return attribute.value;
  }
}

/** Makes an attribute from a plain value; whole numbers become INT unless `type` says otherwise. */
export function makeAttribute(
  name: string,
  value: PlainValue | bigint | readonly bigint[],
  type?: AttributeType,
): Attribute {
  const kind = type ?? guessType(name, value);
  return Object.freeze({ name, type: kind, value: asStored(kind, value) } as Attribute);
}

/** What a file gives back for a value: whole numbers in 64 bits, floats in 32. */
function asStored(kind: AttributeType, value: unknown): unknown {
  if (kind === 'INT') return BigInt(value as number);
  if (kind === 'INTS') return Object.freeze((value as readonly number[]).map(BigInt));
  if (kind === 'FLOAT') return Math.fround(value as number);
  if (kind === 'FLOATS') return Object.freeze((value as readonly number[]).map(Math.fround));
  return value;
}

function guessType(name: string, value: PlainValue | bigint | readonly bigint[]): AttributeType {
  if (typeof value === 'bigint') return 'INT';
  if (typeof value === 'number') return Number.isInteger(value) ? 'INT' : 'FLOAT';
  if (typeof value === 'string') return 'STRING';
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === 'bigint' || Number.isInteger(item))) return 'INTS';
    if (value.every((item) => typeof item === 'number')) return 'FLOATS';
    if (value.every((item) => typeof item === 'string')) return 'STRINGS';
  } else if ('dtype' in (value as object)) return 'TENSOR';
  else if ('nodes' in (value as object)) return 'GRAPH';
  throw new ModelError('attribute-type', `The type of attribute "${name}" cannot be told from its value.`, {
    fix: 'Name the type.',
  });
}

function exactNumber(value: bigint, node: Node, name: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new ModelError(
    'value-out-of-range',
    `Attribute "${name}" of ${node.opType} is ${value}, beyond 2^53.`,
    { at: node.name },
  );
}

function wrongType(node: Node, attribute: Attribute, wanted: string): ModelError {
  return new ModelError(
    'attribute-type',
    `Attribute "${attribute.name}" of ${node.opType} is ${attribute.type}; it has to be ${wanted}.`,
    {
      at: node.name || node.outputs[0],
    },
  );
}
