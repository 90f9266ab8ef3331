import type { Model } from '../../ir/index.ts';
import { attributeMessage } from './attribute.ts';
import { mapMessage, optionalMessage, sequenceMessage } from './data.ts';
import { defineMessage, type MessageCodec } from './message.ts';
import { segmentMessage, tensorMessage } from './tensor.ts';
import { typeMessages } from './types.ts';

/** The messages whose IR is the message: the same fields under the IR's names. */

const modelMessage = defineMessage(
  'ModelProto',
  {
    opset_import: 'opsetImports',
    metadata_props: 'metadata',
    training_info: 'trainingInfo',
    configuration: 'configurations',
  },
  {},
  {
    finish(fields, origin, decoder) {
      if (fields.graph === undefined) decoder.fail('missing-graph', 'The model has no graph.', noModel);
      return Object.freeze({ ...fields, origin } as unknown as Model);
    },
  },
);

defineMessage(
  'GraphProto',
  {
    node: 'nodes',
    initializer: 'initializers',
    sparse_initializer: 'sparseInitializers',
    input: 'inputs',
    output: 'outputs',
    value_info: 'valueInfos',
    quantization_annotation: 'quantizationAnnotations',
    metadata_props: 'metadata',
  },
  {},
  { maxDepth: 200 },
);

defineMessage(
  'NodeProto',
  {
    input: 'inputs',
    output: 'outputs',
    attribute: 'attributes',
    metadata_props: 'metadata',
    device_configurations: 'deviceConfigurations',
  },
  {},
  { defaults: { opType: '' } },
);

defineMessage('ValueInfoProto', { metadata_props: 'metadata' }, {}, { defaults: { name: '' } });

defineMessage('FunctionProto', {
  input: 'inputs',
  output: 'outputs',
  attribute: 'attributes',
  attribute_proto: 'attributeDefaults',
  node: 'nodes',
  opset_import: 'opsetImports',
  value_info: 'valueInfos',
  metadata_props: 'metadata',
});

defineMessage('TrainingInfoProto', {
  initialization_binding: 'initializationBindings',
  update_binding: 'updateBindings',
});

defineMessage('OperatorSetIdProto');
defineMessage('StringStringEntryProto');
defineMessage('SparseTensorProto');
defineMessage('TensorAnnotation', { quant_parameter_tensor_names: 'parameters' });
defineMessage('DeviceConfigurationProto', { device: 'devices' });
defineMessage('NodeDeviceConfigurationProto', { sharding_spec: 'shardingSpecs' });
defineMessage('ShardingSpecProto', { device: 'devices', sharded_dim: 'shardedDims' });
defineMessage('IntIntListEntryProto');
defineMessage('ShardedDimProto', { simple_sharding: 'simpleShardings' });
defineMessage('SimpleShardedDimProto', { dim_value: 'value', dim_param: 'param' });

const noModel = 'Give an ONNX model; a tensor (.pb) is read with decodeTensor.';

/**
 * The messages that have a file of their own, and the model. Who decodes or encodes starts here, so that a bundler sees
 * each of those files used and keeps it.
 */
export const messages: readonly MessageCodec[] = [
  modelMessage,
  attributeMessage,
  sequenceMessage,
  optionalMessage,
  mapMessage,
  tensorMessage,
  segmentMessage,
  ...typeMessages,
];
