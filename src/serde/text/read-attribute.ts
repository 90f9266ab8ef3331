import type { Attribute, AttributeType, Tensor, Type } from '../../ir/index.ts';
import { isFloatWord } from './lexemes.ts';
import { floatOf } from './read-elements.ts';
import { readSparseTensor, readTensorAfterType } from './read-tensor.ts';
import { atSparseConstant, atType, readType } from './read-type.ts';
import { attributeFields, type ReadGraph, readBlock } from './records.ts';
import type { Scanner } from './scanner.ts';
import { attributeTypes } from './words.ts';

/** Reads `<axis = 1, mode: string = "edge", …>` if it comes next. */
export function readAttributes(scanner: Scanner, readGraph: ReadGraph): readonly Attribute[] {
  if (!scanner.takes('<')) return none;
  return scanner.list('>', () => readAttribute(scanner, scanner.name('the name of an attribute'), readGraph));
}

/** Reads what follows the name of an attribute: `[doc_string: "…"] : type = value`, block and type optional. */
export function readAttribute(scanner: Scanner, name: string, readGraph: ReadGraph): Attribute {
  const block = readBlock<object>(scanner, attributeFields);
  const type = scanner.takes(':') ? readAttributeType(scanner) : undefined;
  scanner.take('=', ` and the value of attribute "${name}"`);
  if (scanner.takes('@')) {
    const value = scanner.name('the name of an attribute of the function');
    return Object.freeze({ name, ...block, type: 'REFERENCE', valueType: type ?? 'UNDEFINED', value });
  }
  scanner.peek();
  const at = scanner.position;
  const found =
    !scanner.atBlock() && scanner.takes('[')
      ? readList(scanner, type, readGraph, at)
      : readSingle(scanner, type, readGraph);
  if (type !== undefined && found.type !== type) mismatch(scanner, name, type, found.type, at);
  return Object.freeze({ name, ...block, ...found }) as Attribute;
}

/** The value of an attribute with its type. */
type Typed = Pick<Attribute, 'type' | 'value'>;

function readAttributeType(scanner: Scanner): AttributeType {
  const type = attributeTypes.get(scanner.peekWord());
  if (type === undefined)
    return scanner.expected(`one of the types ${[...attributeTypes.keys()].join(', ')}`);
  scanner.word('a type');
  return type;
}

function readList(
  scanner: Scanner,
  type: AttributeType | undefined,
  readGraph: ReadGraph,
  at: number,
): Typed {
  const elementType = type?.replace(/S$/, '') as AttributeType | undefined;
  const items = scanner.list(']', () => readSingle(scanner, elementType, readGraph));
  const types = new Set(items.map((item) => item.type));
  if (types.size === 0) {
    if (type?.endsWith('S')) return { type, value: none } as unknown as Typed;
    return scanner.fail(
      'syntax',
      'An empty list has to say what it is a list of.',
      at,
      'Write `name: ints = []`.',
    );
  }
  if (types.size === 2 && types.has('INT') && types.has('FLOAT')) {
    return { type: 'FLOATS', value: Object.freeze(items.map((item) => Math.fround(Number(item.value)))) };
  }
  if (types.size > 1 || types.has('UNDEFINED'))
    return scanner.fail('syntax', `A list holds values of one type, not ${[...types].join(' and ')}.`, at);
  return { type: `${items[0]!.type}S`, value: Object.freeze(items.map((item) => item.value)) } as Typed;
}

function readSingle(scanner: Scanner, type: AttributeType | undefined, readGraph: ReadGraph): Typed {
  const given = scanner.takesTensor();
  if (given !== undefined) return { type: 'TENSOR', value: given };
  if (type !== 'TYPE_PROTO' && scanner.takes('?')) return { type: 'UNDEFINED' };
  if (atSparseConstant(scanner)) return { type: 'SPARSE_TENSOR', value: readSparseTensor(scanner) };
  if (atType(scanner)) return readTypeOrTensor(scanner, type);
  if (scanner.peek() === '"' && !atQuotedGraph(scanner))
    return { type: 'STRING', value: scanner.string('a string') };
  if (isFloatWord(scanner.peekWord()) || scanner.atNumber()) return readNumber(scanner, type);
  if (scanner.atName() || scanner.peek() === '(' || scanner.atBlock())
    return { type: 'GRAPH', value: readGraph(scanner) };
  return scanner.expected('the value of an attribute');
}

function readTypeOrTensor(scanner: Scanner, type: AttributeType | undefined): Typed {
  const at = scanner.position;
  const value: Type = readType(scanner);
  const next = scanner.peek();
  const isType = type === 'TYPE_PROTO' || (!scanner.atName() && next !== '{' && next !== '=' && next !== '[');
  if (isType) return { type: 'TYPE_PROTO', value };
  const tensor: Tensor = readTensorAfterType(scanner, value, at);
  return { type: 'TENSOR', value: tensor };
}

/** A string in quotes is the name of a graph when inputs or a block follow. */
function atQuotedGraph(scanner: Scanner): boolean {
  const start = scanner.position;
  scanner.string('a string');
  const found = scanner.peek() === '(' || scanner.atBlock();
  scanner.position = start;
  return found;
}

function readNumber(scanner: Scanner, type: AttributeType | undefined): Typed {
  const at = scanner.position;
  const text = scanner.number('a number');
  if (scanner.numberKind === 'bits') scanner.expected('a decimal number', at);
  if (scanner.numberKind === 'decimal' || type === 'FLOAT')
    return { type: 'FLOAT', value: floatOf(scanner, text, 32) };
  scanner.position = at;
  const value = scanner.integer('a whole number');
  if (BigInt.asIntN(64, value) !== value)
    scanner.fail('value-out-of-range', `${value} does not fit a signed 64-bit INT attribute.`, at);
  return { type: 'INT', value };
}

function mismatch(scanner: Scanner, name: string, type: string, found: string, at: number): never {
  return scanner.fail(
    'type-mismatch',
    `Attribute "${name}" is declared ${type}, but its value is ${found}.`,
    at,
  );
}

const none: readonly never[] = Object.freeze([]);
