import {
  type DataType,
  type Dimension,
  dataTypeFromCode,
  dataTypeToCode,
  type Origin,
  type Traceable,
  type Type,
} from '../../ir/index.ts';
import { defineMessage, type Fields } from './message.ts';

/** TypeProto ⇔ Type: the message inside the message is flattened into one object with a `kind`. */
defineMessage(
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

defineMessage('TypeProto.Tensor');
defineMessage('TypeProto.SparseTensor');
defineMessage('TypeProto.Sequence');
defineMessage('TypeProto.Optional');
defineMessage('TypeProto.Map');
defineMessage('TypeProto.Opaque');
defineMessage('TensorShapeProto', { dim: 'dims' });
defineMessage('TensorShapeProto.Dimension', { dim_value: 'value', dim_param: 'param' });

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
  readonly shape?: { readonly dims: readonly Dimension[] } | undefined;
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

/** A type whose denotation alone was edited keeps the rest as it was encoded. */
function pair(before: Traceable, after: Traceable): readonly [Fields, Fields] {
  const old = fieldsOf(before as Type);
  const { denotation: _, origin: __, ...oldBody } = before as Type;
  const { denotation, origin: ___, ...body } = after as Type;
  const same = Object.entries({ ...oldBody, ...body }).every(
    ([key, value]) => Object.is(value, oldBody[key as keyof typeof oldBody]) && key in body,
  );
  return [old, same ? { ...old, denotation } : fieldsOf(after as Type)];
}

/** UNDEFINED is what an absent element type reads as. */
function codeOf(dtype: DataType): number | undefined {
  return dtype === 'undefined' ? undefined : dataTypeToCode(dtype);
}
