/** What a version of TensorRT does differently, as data: fusions of the plan forecast, types the importer takes. */
export interface TensorrtVersion {
  readonly name: string;
  /** Convolution and Sigmoid·Mul behind it in one kernel (not for depthwise convolutions). */
  readonly fusesSilu: boolean;
  readonly fusesLeakyRelu: boolean;
  readonly fusesGelu: boolean;
  /** Batch norm behind a quantized ConvTranspose in one kernel. */
  readonly fusesConvTransposeBatchNorm: boolean;
  /** Q and DQ move across a nearest Resize. */
  readonly resizeInInt8: boolean;
  /** Types of tensors have to fit each other as the file has them; nothing runs in a narrower float by itself. */
  readonly stronglyTyped: boolean;
  /** Element types QuantizeLinear may make. */
  readonly quantizedTypes: ReadonlySet<string>;
  /** Scales for blocks of a weight. */
  readonly blocks: boolean;
  /** Weights may be stored as codes; else they are floats that a Q quantizes when the engine is built. */
  readonly storesWeightCodes: boolean;
  /** Scales may be float16: the opset that brought them can be imported. */
  readonly takesFloat16Scales: boolean;
}

const common = {
  fusesSilu: true,
  fusesLeakyRelu: true,
  fusesGelu: true,
  fusesConvTransposeBatchNorm: false,
  resizeInInt8: false,
};

const v8: TensorrtVersion = {
  ...common,
  name: 'tensorrt@8.6',
  stronglyTyped: false,
  quantizedTypes: new Set(['int8']),
  blocks: false,
  storesWeightCodes: false,
  takesFloat16Scales: false,
};

const v10: TensorrtVersion = {
  ...common,
  name: 'tensorrt@10',
  stronglyTyped: false,
  quantizedTypes: new Set(['int8', 'float8e4m3fn', 'int4']),
  blocks: true,
  storesWeightCodes: true,
  takesFloat16Scales: true,
};

const v11: TensorrtVersion = {
  ...v10,
  name: 'tensorrt@11',
  stronglyTyped: true,
  quantizedTypes: new Set(['int8', 'float8e4m3fn', 'int4', 'float4e2m1']),
};

/** The versions there is data for, by the name of the target. */
export const tensorrtVersions: ReadonlyMap<string, TensorrtVersion> = new Map(
  [v8, v10, v11].map((version) => [version.name, version]),
);
