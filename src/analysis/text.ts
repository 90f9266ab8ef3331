import {
  type Attribute,
  dataTypeToText,
  type Node,
  storageOf,
  type Tensor,
  type Type,
  valuesOf,
} from '../ir/index.ts';
import { isNumeric, toDim } from '../ops/index.ts';
import { tensorDigest } from './tensor-digest.ts';

/** Short texts for people: one line each, long things abbreviated. */

export function nodeText(node: Node): string {
  const operator = node.domain ? `${node.domain}::${node.opType}` : node.opType;
  return `${node.outputs.join(', ')} = ${operator} (${node.inputs.map((input) => input || '""').join(', ')})`;
}

/** Element type and shape, with the elements of a tensor of up to four. */
export function tensorText(tensor: Tensor): string {
  const type = `${dataTypeToText(tensor.dtype)}${tensor.dims.length > 0 ? `[${tensor.dims.join(',')}]` : ''}`;
  if (!isNumeric(tensor.dtype) || storageOf(tensor).kind === 'missing' || tensor.size > 4) return type;
  return `${type} {${Array.from(valuesOf(tensor) as ArrayLike<number | bigint>, (value) => short(Number(value))).join(', ')}}`;
}

export function typeText(type: Type | undefined): string {
  if (type === undefined || type.kind === 'none') return 'no type';
  if (type.kind !== 'tensor' && type.kind !== 'sparse-tensor') return type.kind;
  const shape = type.shape?.map((dim) => toDim(dim) ?? '?').join(',');
  return `${dataTypeToText(type.elemType)}${shape === undefined ? ' of unknown rank' : shape === '' ? '' : `[${shape}]`}`;
}

export function attributeText(attribute: Attribute): string {
  switch (attribute.type) {
    case 'TENSOR':
      return `${tensorText(attribute.value)}${attribute.value.size > 4 ? ` #${tensorDigest(attribute.value).slice(0, 8)}` : ''}`;
    case 'FLOAT':
      return short(attribute.value);
    case 'INT':
    case 'STRING':
      return String(attribute.value);
    case 'INTS':
    case 'STRINGS':
      return `[${attribute.value.join(', ')}]`;
    case 'FLOATS':
      return `[${attribute.value.map(short).join(', ')}]`;
    case 'GRAPH':
      return `graph of ${attribute.value.nodes.length} nodes`;
    case 'TYPE_PROTO':
      return typeText(attribute.value);
    case 'REFERENCE':
      return `@${attribute.value}`;
    default:
      return attribute.type.toLowerCase();
  }
}

/** Nine digits tell any two float32 apart. */
export function short(value: number): string {
  return Number.isInteger(value)
    ? Object.is(value, -0)
      ? '-0'
      : String(value)
    : String(Number(value.toPrecision(9)));
}
