import { type Dimension, dataTypeToText, type Type } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { printBlock, printInteger, typeFields } from './records.ts';
import { nestingLimit } from './scanner.ts';
import { printName, printString } from './words.ts';

/** A type as ONNX text writes it: `float[N, 3]`, `float` (a scalar), `float[]` (rank unknown), `seq(int64)` … */
export function printType(type: Type): string {
  return printNested(type, 1);
}

function printNested(type: Type, depth: number): string {
  checkDepth(depth);
  return printBare(type, depth + 1) + printBlock(typeFields, type);
}

/** Throws when graphs or types nest deeper than the text may be. */
export function checkDepth(depth: number): void {
  if (depth > nestingLimit)
    throw new ModelError(
      'nesting-too-deep',
      `It nests graphs or types deeper than ${nestingLimit}; such text could not be read back.`,
    );
}

function printBare(type: Type, depth: number): string {
  switch (type.kind) {
    case 'none':
      return '?';
    case 'tensor':
      return dataTypeToText(type.elemType) + printShape(type.shape);
    case 'sparse-tensor':
      return `sparse_tensor(${dataTypeToText(type.elemType)}${printShape(type.shape)})`;
    case 'sequence':
      return `seq(${type.elem === undefined ? '' : printNested(type.elem, depth)})`;
    case 'optional':
      return `optional(${type.elem === undefined ? '' : printNested(type.elem, depth)})`;
    case 'map': {
      const value = type.valueType === undefined ? '' : `, ${printNested(type.valueType, depth)}`;
      return `map(${dataTypeToText(type.keyType)}${value})`;
    }
    case 'opaque': {
      const name = type.name === undefined ? undefined : printQualified(type.name);
      if (type.domain === undefined) return `opaque(${name ?? ''})`;
      return `opaque(${printQualified(type.domain)}, ${name ?? '?'})`;
    }
  }
}

/** Names joined by points, as in `ai.onnx.ml`, or one string in quotes. */
export function printQualified(name: string): string {
  const parts = name.split('.').map(printName);
  return parts.some((part) => part.startsWith('"')) ? printString(name) : parts.join('.');
}

function printShape(shape: readonly Dimension[] | undefined): string {
  if (shape === undefined) return '[]';
  return shape.length === 0 ? '' : `[${shape.map(printDimension).join(',')}]`;
}

function printDimension(dimension: Dimension): string {
  const { value, param } = dimension;
  const text = value !== undefined ? printInteger(value) : param !== undefined ? printName(param) : '?';
  return text + printBlock(typeFields, dimension);
}
