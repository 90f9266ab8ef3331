import type { Attribute, AttributeType, Origin, Traceable } from '../../ir/index.ts';
import { defineMessage, type Fields, none } from './message.ts';

/**
 * AttributeProto ⇔ Attribute. The type says which field is live; a live field that is absent is zero or empty, as a
 * proto3 writer leaves it. What other fields hold stays in the bytes the attribute came from.
 */
export const attributeMessage = defineMessage(
  'AttributeProto',
  {},
  { i: 'exact', ints: 'exact' },
  {
    defaults: { name: '' },
    finish: (fields, origin) => Object.freeze(attributeOf(fields, origin)) as Traceable,
    fields: (message) => fieldsOf(message as Attribute),
  },
);

/** The types by their number in the schema. */
const types: readonly (AttributeType | 'UNDEFINED')[] = [
  'UNDEFINED',
  'FLOAT',
  'INT',
  'STRING',
  'TENSOR',
  'GRAPH',
  'FLOATS',
  'INTS',
  'STRINGS',
  'TENSORS',
  'GRAPHS',
  'SPARSE_TENSOR',
  'SPARSE_TENSORS',
  'TYPE_PROTO',
  'TYPE_PROTOS',
];

/** The live field of each type, and what it is when absent. A message that is absent leaves nothing to compute with. */
const live: ReadonlyMap<string, readonly [property: string, absent: unknown]> = new Map([
  ['FLOAT', ['f', 0]],
  ['INT', ['i', 0n]],
  ['STRING', ['s', '']],
  ['TENSOR', ['t', undefined]],
  ['GRAPH', ['g', undefined]],
  ['SPARSE_TENSOR', ['sparseTensor', undefined]],
  ['TYPE_PROTO', ['tp', undefined]],
  ['FLOATS', ['floats', none]],
  ['INTS', ['ints', none]],
  ['STRINGS', ['strings', none]],
  ['TENSORS', ['tensors', none]],
  ['GRAPHS', ['graphs', none]],
  ['SPARSE_TENSORS', ['sparseTensors', none]],
  ['TYPE_PROTOS', ['typeProtos', none]],
]);

function attributeOf(fields: Fields, origin: Origin): Attribute {
  const name = fields.name as string;
  const docString = fields.docString as string | undefined;
  const declared = types[(fields.type as number | undefined) ?? 0] ?? 'UNDEFINED';
  if (fields.refAttrName !== undefined && fields.refAttrName !== '')
    return {
      name,
      type: 'REFERENCE',
      valueType: declared,
      value: fields.refAttrName as string,
      docString,
      origin,
    };
  const type = fields.type === undefined || fields.type === 0 ? typeByValue(fields) : declared;
  const [property, absent] = live.get(type) ?? [];
  const value = property === undefined ? undefined : (fields[property] ?? absent);
  if (value === undefined) return { name, type: 'UNDEFINED', value: undefined, docString, origin };
  return { name, type, value, docString, origin } as Attribute;
}

/** Before IR version 2 attributes had no type: the field that is there tells. */
function typeByValue(fields: Fields): string {
  for (const [type, [property]] of live) {
    const value = fields[property];
    if (value !== undefined && value !== none) return type;
  }
  return 'UNDEFINED';
}

function fieldsOf(attribute: Attribute): Fields {
  const { name, type, value, docString } = attribute;
  if (type === 'REFERENCE')
    return { name, docString, refAttrName: value, type: types.indexOf(attribute.valueType) || undefined };
  const [property] = live.get(type) ?? [];
  if (property === undefined) return { name, docString };
  return { name, docString, type: types.indexOf(type), [property]: value };
}
