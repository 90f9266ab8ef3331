import type { Attribute, Graph } from '../../ir/index.ts';
import { printFloat32, withPoint } from './floats.ts';
import { type PrintOptions, printSparseTensor, printTensor } from './print-tensor.ts';
import { printType } from './print-type.ts';
import { attributeFields, type PrintGraph, printBlock } from './records.ts';
import { printName, printString } from './words.ts';

/** `axis = 1`; with the type (`axes: ints = []`) only where the value does not show it. */
export function printAttribute(attribute: Attribute, options: PrintOptions, printGraph: PrintGraph): string {
  const { type } = attribute;
  const name = printName(attribute.name) + printBlock(attributeFields, attribute);
  if (type === 'UNDEFINED') return `${name} = ?`;
  if (type === 'REFERENCE') {
    const declared = attribute.valueType === 'UNDEFINED' ? '' : `: ${attribute.valueType.toLowerCase()}`;
    return `${name}${declared} = @${printName(attribute.value)}`;
  }
  const shown = type !== 'TYPE_PROTO' && type !== 'TYPE_PROTOS' && !isEmptyList(attribute.value);
  return `${name}${shown ? '' : `: ${type.toLowerCase()}`} = ${printValue(attribute, options, printGraph)}`;
}

/** Whether an attribute holds graphs; they are written after the inputs of their node. */
export function hasGraph({ type }: Attribute): boolean {
  return type === 'GRAPH' || type === 'GRAPHS';
}

function printValue(attribute: Attribute, options: PrintOptions, printGraph: PrintGraph): string {
  switch (attribute.type) {
    case 'INT':
      return attribute.value.toString();
    case 'INTS':
      return printList(attribute.value, String);
    case 'FLOAT':
      return printFloat(attribute.value);
    case 'FLOATS':
      return printList(attribute.value, printFloat);
    case 'STRING':
      return printString(attribute.value);
    case 'STRINGS':
      return printList(attribute.value, printString);
    case 'TENSOR':
      return printTensor(attribute.value, options);
    case 'TENSORS':
      return printList(attribute.value, (tensor) => printTensor(tensor, options));
    case 'SPARSE_TENSOR':
      return printSparseTensor(attribute.value, options);
    case 'SPARSE_TENSORS':
      return printList(attribute.value, (tensor) => printSparseTensor(tensor, options));
    case 'GRAPH':
      return printGraph(attribute.value);
    case 'GRAPHS':
      return printList(attribute.value, printGraph);
    case 'TYPE_PROTO':
      return printType(attribute.value);
    case 'TYPE_PROTOS':
      return printList(attribute.value, printType);
    default:
      return '?';
  }
}

function printFloat(value: number): string {
  return withPoint(printFloat32(Math.fround(value)));
}

function printList<T>(values: readonly T[], print: (value: T) => string): string {
  return `[${values.map((value) => print(value)).join(', ')}]`;
}

function isEmptyList(value: Exclude<Attribute['value'], undefined> | readonly Graph[]): boolean {
  return Array.isArray(value) && value.length === 0;
}
