import {
  type DataType,
  type Dimension,
  dataTypeFromCode,
  dataTypeToCode,
  type Origin,
  type Traceable,
  type Type,
} from '../../ir/index.ts';
import { Decoder } from './decode.ts';
import { defineMessage, type Fields } from './message.ts';

/** TypeProto ⇔ Type: the message inside the message is flattened into one object with a `kind`. */
const typeMessage = defineMessage(
  'TypeProto',
  {},
  {},
  {
    maxDepth: 100,
    finish: (fields, origin) => Object.freeze(typeOf(fields, origin)),
    fields: (message) => fieldsOf(message as Type),
    pair,
  },
);

export const typeMessages = [
  typeMessage,
  defineMessage('TypeProto.Tensor'),
  defineMessage('TypeProto.SparseTensor'),
  defineMessage('TypeProto.Sequence'),
  defineMessage('TypeProto.Optional'),
  defineMessage('TypeProto.Map'),
  defineMessage('TypeProto.Opaque'),
  defineMessage('TensorShapeProto', { dim: 'dims' }),
  defineMessage('TensorShapeProto.Dimension', { dim_value: 'value', dim_param: 'param' }),
];

interface TypeFields {
  readonly denotation?: string | undefined;
  readonly tensorType?: TensorFields | undefined;
  readonly sparseTensorType?: TensorFields | undefined;
  readonly sequenceType?: { readonly elemType?: Type | undefined } | undefined;
  readonly optionalType?: { readonly elemType?: Type | undefined } | undefined;
  readonly mapType?:
    | { readonly keyType?: number | undefined; readonly valueType?: Type | undefined }
    | undefined;
  readonly opaqueType?:
    | { readonly domain?: string | undefined; readonly name?: string | undefined }
    | undefined;
}

interface TensorFields {
  readonly elemType?: number | undefined;
  readonly shape?: Shape | undefined;
}

interface Shape {
  readonly dims: readonly Dimension[];
}

function typeOf(fields: TypeFields, origin: Origin): Type {
  const { denotation, tensorType, sparseTensorType, sequenceType, optionalType, mapType, opaqueType } =
    fields;
  const tensor = tensorType ?? sparseTensorType;
  if (tensor !== undefined) {
    const kind = tensorType === undefined ? 'sparse-tensor' : 'tensor';
    const elemType = dataTypeFromCode(tensor.elemType ?? 0);
    return { kind, elemType, shape: tensor.shape?.dims, denotation, origin };
  }
  if (sequenceType !== undefined)
    return { kind: 'sequence', elem: sequenceType.elemType, denotation, origin };
  if (optionalType !== undefined)
    return { kind: 'optional', elem: optionalType.elemType, denotation, origin };
  if (opaqueType !== undefined)
    return { kind: 'opaque', domain: opaqueType.domain, name: opaqueType.name, denotation, origin };
  if (mapType === undefined) return { kind: 'none', denotation, origin };
  const keyType = dataTypeFromCode(mapType.keyType ?? 0);
  return { kind: 'map', keyType, valueType: mapType.valueType, denotation, origin };
}

function fieldsOf(type: Type): Fields & TypeFields {
  const { denotation } = type;
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const shape = type.shape === undefined ? undefined : { dims: type.shape };
      const body = { elemType: codeOf(type.elemType), shape };
      return type.kind === 'tensor'
        ? { denotation, tensorType: body }
        : { denotation, sparseTensorType: body };
    }
    case 'sequence':
      return { denotation, sequenceType: { elemType: type.elem } };
    case 'optional':
      return { denotation, optionalType: { elemType: type.elem } };
    case 'map':
      return { denotation, mapType: { keyType: codeOf(type.keyType), valueType: type.valueType } };
    case 'opaque':
      return { denotation, opaqueType: { domain: type.domain, name: type.name } };
    case 'none':
      return { denotation };
  }
}

/**
 * What is flattened in the IR is unfolded again from the bytes, so that the messages in between keep what they hold
 * beside the fields that were edited.
 */
function pair(before: Traceable, after: Traceable): readonly [Fields, Fields] {
  const old = new Decoder(before.origin!.bytes).decodeFields(typeMessage);
  const [type, edited] = [before as Type, after as Type];
  const fresh = fieldsOf(edited);
  if (type.kind !== edited.kind) return [old, fresh];
  const body = bodyOf(type.kind);
  if (body === undefined) return [old, fresh];
  return [
    old,
    { ...fresh, [body]: merge(old[body] as Fields, fieldsOf(type)[body] as Fields, fresh[body] as Fields) },
  ];
}

/** The unfolded message `old` with the fields that differ between `before` and `after`. */
function merge(old: Fields, before: Fields, after: Fields): Fields {
  const merged: Fields = { ...old };
  for (const [property, value] of Object.entries(after)) {
    if (property === 'shape') merged.shape = mergeShape(old.shape, before.shape, value);
    else if (!Object.is(value, before[property])) merged[property] = value;
  }
  return merged;
}

function mergeShape(old: unknown, before: unknown, after: unknown): unknown {
  const dims = (after as Shape | undefined)?.dims;
  if (dims === (before as Shape | undefined)?.dims) return old;
  return dims === undefined ? undefined : { ...(old as Shape | undefined), dims };
}

function bodyOf(kind: Type['kind']): keyof TypeFields | undefined {
  if (kind === 'none') return undefined;
  return kind === 'sparse-tensor' ? 'sparseTensorType' : `${kind}Type`;
}

/** UNDEFINED is what an absent element type reads as. */
function codeOf(dtype: DataType): number | undefined {
  return dtype === 'undefined' ? undefined : dataTypeToCode(dtype);
}
