import {
  type DataKind,
  dataTypeFromCode,
  dataTypeToCode,
  type MapData,
  type OptionalData,
  type SequenceData,
  type Traceable,
} from '../../ir/index.ts';
import { defineMessage, type MessageHooks } from './message.ts';

/** The messages of onnx-data.proto; their element kinds and key types are names in the IR. */

const kinds: readonly DataKind[] = ['undefined', 'tensor', 'sparse-tensor', 'sequence', 'map', 'optional'];

const hooks: MessageHooks = {
  maxDepth: 100,
  finish: ({ elemKind, ...fields }, origin) =>
    Object.freeze({
      ...fields,
      elemKind: kindFromCode((elemKind as number | undefined) ?? 0),
      origin,
    } as Traceable),
  fields: (message) => ({
    ...message,
    elemKind: kindToCode((message as SequenceData | OptionalData).elemKind),
  }),
};

export const sequenceMessage = defineMessage(
  'SequenceProto',
  {
    elem_type: 'elemKind',
    tensor_values: 'tensors',
    sparse_tensor_values: 'sparseTensors',
    sequence_values: 'sequences',
    map_values: 'maps',
    optional_values: 'optionals',
  },
  {},
  hooks,
);

export const optionalMessage = defineMessage(
  'OptionalProto',
  {
    elem_type: 'elemKind',
    tensor_value: 'tensor',
    sparse_tensor_value: 'sparseTensor',
    sequence_value: 'sequence',
    map_value: 'map',
    optional_value: 'optional',
  },
  {},
  hooks,
);

export const mapMessage = defineMessage(
  'MapProto',
  {},
  { keys: 'exact' },
  {
    finish: ({ keyType, ...fields }, origin) =>
      Object.freeze({
        ...fields,
        keyType: dataTypeFromCode((keyType as number | undefined) ?? 0),
        origin,
      } as Traceable),
    fields: (message) => ({ ...message, keyType: dataTypeToCode((message as MapData).keyType) || undefined }),
  },
);

function kindFromCode(code: number): DataKind {
  return kinds[code] ?? `unknown:${code}`;
}

/** UNDEFINED is what an absent kind reads as. */
function kindToCode(kind: DataKind): number | undefined {
  const code = kinds.indexOf(kind);
  return code < 0 ? Number(kind.slice('unknown:'.length)) : code || undefined;
}
