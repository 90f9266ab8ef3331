import type { DataType } from './dtype.ts';
import type { Traceable } from './origin.ts';
import type { Tensor } from './tensor.ts';

/**
 * What a model *is*: plain `readonly` data, one interface per message of onnx.proto, joined by value names.
 *
 * Optional fields are absent (`undefined`) when the file did not write them, which is not the same as empty.
 * Lists are never absent: a repeated field without elements is `[]`. Everything decoded, parsed or built by the library
 * is frozen.
 */
export interface Model extends Traceable {
  readonly irVersion?: number | undefined;
  readonly producerName?: string | undefined;
  readonly producerVersion?: string | undefined;
  readonly domain?: string | undefined;
  readonly modelVersion?: number | undefined;
  readonly docString?: string | undefined;
  readonly graph: Graph;
  readonly opsetImports: readonly OpsetImport[];
  readonly metadata: readonly StringEntry[];
  readonly trainingInfo: readonly TrainingInfo[];
  readonly functions: readonly FunctionDefinition[];
  readonly configurations: readonly DeviceConfiguration[];
}

export interface OpsetImport extends Traceable {
  /** `""` and `"ai.onnx"` are the same domain; the spelling is kept. Absent reads as `""`. */
  readonly domain?: string | undefined;
  readonly version?: number | undefined;
}

/** A key with its value: metadata, training bindings, external data, quantization parameters. */
export interface StringEntry extends Traceable {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

export interface Graph extends Traceable {
  readonly name?: string | undefined;
  readonly docString?: string | undefined;
  readonly nodes: readonly Node[];
  /** Constants, unless an input of the same name makes one an overridable default. */
  readonly initializers: readonly Tensor[];
  readonly sparseInitializers: readonly SparseTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** `value_info`: declared types of values in between; may be stale. */
  readonly valueInfos: readonly ValueInfo[];
  readonly quantizationAnnotations: readonly QuantizationAnnotation[];
  readonly metadata: readonly StringEntry[];
}

export interface Node extends Traceable {
  readonly name?: string | undefined;
  readonly opType: string;
  /** `""`, absent and `"ai.onnx"` are the standard domain. */
  readonly domain?: string | undefined;
  readonly overload?: string | undefined;
  /** Value names by position; `""` is an optional input that is absent. */
  readonly inputs: readonly string[];
  /** Value names by position; `""` is an optional output that is not produced. */
  readonly outputs: readonly string[];
  readonly attributes: readonly Attribute[];
  readonly docString?: string | undefined;
  readonly metadata: readonly StringEntry[];
  readonly deviceConfigurations: readonly NodeDeviceConfiguration[];
}

interface AttributeOf<Kind extends string, Value> extends Traceable {
  readonly name: string;
  readonly type: Kind;
  readonly value: Value;
  readonly docString?: string | undefined;
}

/** Attribute values by their type. INT values are exact 64-bit; strings hold arbitrary bytes (see `decodeUtf8`). */
export interface AttributeValues {
  FLOAT: number;
  INT: bigint;
  STRING: string;
  TENSOR: Tensor;
  GRAPH: Graph;
  SPARSE_TENSOR: SparseTensor;
  TYPE_PROTO: Type;
  FLOATS: readonly number[];
  INTS: readonly bigint[];
  STRINGS: readonly string[];
  TENSORS: readonly Tensor[];
  GRAPHS: readonly Graph[];
  SPARSE_TENSORS: readonly SparseTensor[];
  TYPE_PROTOS: readonly Type[];
}

export type AttributeType = keyof AttributeValues;

/** An attribute inside a function body that takes its value from the caller. */
export interface ReferenceAttribute extends Traceable {
  readonly name: string;
  readonly type: 'REFERENCE';
  /** The declared type of the attribute that is referred to. */
  readonly valueType: AttributeType | 'UNDEFINED';
  /** Name of the attribute of the enclosing function. */
  readonly value: string;
  readonly docString?: string | undefined;
}

/** An attribute whose type is absent or unknown to this library; kept, never computed with. */
export interface UndefinedAttribute extends Traceable {
  readonly name: string;
  readonly type: 'UNDEFINED';
  readonly value?: undefined;
  readonly docString?: string | undefined;
}

export type Attribute =
  | { [Kind in AttributeType]: AttributeOf<Kind, AttributeValues[Kind]> }[AttributeType]
  | ReferenceAttribute
  | UndefinedAttribute;

export interface ValueInfo extends Traceable {
  readonly name: string;
  readonly type?: Type | undefined;
  readonly docString?: string | undefined;
  readonly metadata: readonly StringEntry[];
}

interface TypeOf<Kind extends string> extends Traceable {
  readonly kind: Kind;
  readonly denotation?: string | undefined;
}

export interface TensorType extends TypeOf<'tensor' | 'sparse-tensor'> {
  readonly elemType: DataType;
  /** Absent: rank unknown. `[]`: a scalar. */
  readonly shape?: readonly Dimension[] | undefined;
}
export interface SequenceType extends TypeOf<'sequence'> {
  readonly elem?: Type | undefined;
}
export interface OptionalType extends TypeOf<'optional'> {
  readonly elem?: Type | undefined;
}
export interface MapType extends TypeOf<'map'> {
  readonly keyType: DataType;
  readonly valueType?: Type | undefined;
}
export interface OpaqueType extends TypeOf<'opaque'> {
  readonly domain?: string | undefined;
  readonly name?: string | undefined;
}
/** A TypeProto that says nothing. */
export type NoType = TypeOf<'none'>;

export type Type = TensorType | SequenceType | OptionalType | MapType | OpaqueType | NoType;

/** A length that is a number, a symbol, or (neither) unknown. */
export interface Dimension extends Traceable {
  readonly value?: number | undefined;
  readonly param?: string | undefined;
  readonly denotation?: string | undefined;
}

export interface SparseTensor extends Traceable {
  /** The non-zero values; carries the name. */
  readonly values?: Tensor | undefined;
  /** int64: [NNZ] linear positions or [NNZ, rank] coordinates, ascending. */
  readonly indices?: Tensor | undefined;
  readonly dims: readonly number[];
}

export interface QuantizationAnnotation extends Traceable {
  readonly tensorName?: string | undefined;
  /** Keys SCALE_TENSOR and ZERO_POINT_TENSOR; the values are names of values. */
  readonly parameters: readonly StringEntry[];
}

/** A model-local function. Identity is (domain, name, overload); a body sees none of the model's values. */
export interface FunctionDefinition extends Traceable {
  readonly name?: string | undefined;
  readonly domain?: string | undefined;
  readonly overload?: string | undefined;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes without a default. */
  readonly attributes: readonly string[];
  /** Attributes with a default. */
  readonly attributeDefaults: readonly Attribute[];
  readonly nodes: readonly Node[];
  readonly docString?: string | undefined;
  readonly opsetImports: readonly OpsetImport[];
  readonly valueInfos: readonly ValueInfo[];
  readonly metadata: readonly StringEntry[];
}

export interface TrainingInfo extends Traceable {
  readonly initialization?: Graph | undefined;
  readonly algorithm?: Graph | undefined;
  readonly initializationBindings: readonly StringEntry[];
  readonly updateBindings: readonly StringEntry[];
}

export interface DeviceConfiguration extends Traceable {
  readonly name?: string | undefined;
  readonly numDevices?: number | undefined;
  readonly devices: readonly string[];
}

export interface NodeDeviceConfiguration extends Traceable {
  readonly configurationId?: string | undefined;
  readonly shardingSpecs: readonly ShardingSpec[];
  readonly pipelineStage?: number | undefined;
}

export interface ShardingSpec extends Traceable {
  /** Name of a value. */
  readonly tensorName?: string | undefined;
  readonly devices: readonly number[];
  readonly indexToDeviceGroupMap: readonly IntIntListEntry[];
  readonly shardedDims: readonly ShardedDim[];
}

export interface IntIntListEntry extends Traceable {
  readonly key?: number | undefined;
  readonly value: readonly number[];
}

export interface ShardedDim extends Traceable {
  readonly axis?: number | undefined;
  readonly simpleShardings: readonly SimpleShardedDim[];
}

export interface SimpleShardedDim extends Traceable {
  readonly value?: number | undefined;
  readonly param?: string | undefined;
  readonly numShards?: number | undefined;
}
