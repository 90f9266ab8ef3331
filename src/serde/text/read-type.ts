import {
  type DataType,
  type Dimension,
  dataTypeFromText,
  type MapType,
  type OpaqueType,
  type TensorType,
  type Type,
} from '../../ir/index.ts';
import { readBlock, typeFields } from './records.ts';
import type { Scanner } from './scanner.ts';
import { isTypeWord } from './words.ts';

/** Whether a type comes next: a type word, or `?` for a type that says nothing. */
export function atType(scanner: Scanner): boolean {
  return scanner.peek() === '?' || isTypeWord(scanner.peekWord());
}

/** Whether `sparse_tensor[…]` comes next, which starts a sparse constant; a sparse type has a parenthesis. */
export function atSparseConstant(scanner: Scanner): boolean {
  const start = scanner.position;
  const found = scanner.takesWord('sparse_tensor') && scanner.peek() === '[';
  scanner.position = start;
  return found;
}

/** Reads `float[N, 3]`, `seq(float)`, `map(int64, string)` … and a denotation after it. */
export function readType(scanner: Scanner): Type {
  return scanner.nested('type', () => {
    const type = readBareType(scanner);
    return Object.freeze({ ...type, ...readBlock(scanner, typeFields) });
  });
}

/** Reads the name of an element type. */
export function readDataType(scanner: Scanner): DataType {
  const word = scanner.peekWord();
  if (word === 'unknown') {
    scanner.take('unknown');
    scanner.take(':', ' and the number of the element type');
    return `unknown:${scanner.exactInteger('the number of an element type')}`;
  }
  const dtype = dataTypeFromText(word);
  if (dtype === undefined) return scanner.expected('an element type such as float or int64');
  scanner.word('an element type');
  return dtype;
}

function readBareType(scanner: Scanner): Type {
  if (scanner.takes('?')) return { kind: 'none' };
  if (scanner.takesWord('seq')) return readContainer(scanner, 'sequence');
  if (scanner.takesWord('optional')) return readContainer(scanner, 'optional');
  if (scanner.takesWord('map')) return readMap(scanner);
  if (scanner.takesWord('opaque')) return readOpaque(scanner);
  if (!scanner.takesWord('sparse_tensor')) return readTensorType(scanner, 'tensor');
  scanner.take('(');
  const type = readTensorType(scanner, 'sparse-tensor');
  scanner.take(')');
  return type;
}

/** `float` is a scalar, `float[]` has an unknown rank: so says ONNX. */
function readTensorType(scanner: Scanner, kind: TensorType['kind']): TensorType {
  const elemType = readDataType(scanner);
  if (scanner.atBlock() || !scanner.takes('[')) return { kind, elemType, shape: Object.freeze([]) };
  if (scanner.takes(']')) return { kind, elemType };
  return { kind, elemType, shape: scanner.list(']', () => readDimension(scanner)) };
}

function readDimension(scanner: Scanner): Dimension {
  const dimension = readBareDimension(scanner);
  return Object.freeze({ ...dimension, ...readBlock(scanner, typeFields) });
}

function readBareDimension(scanner: Scanner): Dimension {
  if (scanner.takes('?')) return {};
  const what = 'a dimension: a whole number, a name or "?"';
  return scanner.atName() ? { param: scanner.name(what) } : { value: scanner.exactInteger(what) };
}

function readContainer(scanner: Scanner, kind: 'sequence' | 'optional'): Type {
  scanner.take('(');
  if (scanner.takes(')')) return { kind };
  const elem = readType(scanner);
  scanner.take(')');
  return { kind, elem };
}

function readMap(scanner: Scanner): MapType {
  scanner.take('(');
  const keyType = readDataType(scanner);
  const valueType = scanner.takes(',') ? readType(scanner) : undefined;
  scanner.take(')');
  return valueType === undefined ? { kind: 'map', keyType } : { kind: 'map', keyType, valueType };
}

/** `opaque()`, `opaque(name)`, `opaque(domain, name)`, `opaque(domain, ?)`. */
function readOpaque(scanner: Scanner): OpaqueType {
  scanner.take('(');
  if (scanner.takes(')')) return { kind: 'opaque' };
  const first = readQualifiedName(scanner);
  const second = !scanner.takes(',')
    ? undefined
    : scanner.takes('?')
      ? '?'
      : { name: readQualifiedName(scanner) };
  scanner.take(')');
  if (second === undefined) return { kind: 'opaque', name: first };
  return second === '?' ? { kind: 'opaque', domain: first } : { kind: 'opaque', domain: first, ...second };
}

function readQualifiedName(scanner: Scanner): string {
  let name = scanner.name('a name');
  while (scanner.takes('.')) name += `.${scanner.name('a name')}`;
  return name;
}
