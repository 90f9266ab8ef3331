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
  /** uint8 zero points are an error, and not only read as int8 with a warning. */
  readonly refusesUint8: boolean;
  /** Whether weights may be stored as int8 behind a DQ without ever having been seen as floats. */
  readonly newestOpset: number;
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
  refusesUint8: false,
  newestOpset: 17,
};

const v10: TensorrtVersion = {
  ...common,
  name: 'tensorrt@10',
  stronglyTyped: false,
  quantizedTypes: new Set(['int8', 'float8e4m3fn', 'int4']),
  blocks: true,
  refusesUint8: true,
  newestOpset: 22,
};

const v11: TensorrtVersion = {
  ...v10,
  name: 'tensorrt@11',
  stronglyTyped: true,
  quantizedTypes: new Set(['int8', 'float8e4m3fn', 'int4', 'float4e2m1']),
  newestOpset: 24,
};

/** The versions there is data for, by the name of the target. */
export const tensorrtVersions: ReadonlyMap<string, TensorrtVersion> = new Map(
  [v8, v10, v11].map((version) => [version.name, version]),
);
