/** What the rules know of operators: which engines move quantizers over, which they fuse, and which stay in float. */

/** Operators that multiply an activation by weights: the ones that gain by int8. */
export const weighted = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'] as const;

/** What a convolution takes in behind itself before the activation. */
export const epilogues: ReadonlySet<string> = new Set([...weighted, 'BatchNormalization', 'Add', 'Mul']);

/** Activations that do not commute with a quantizer: they make numbers that are on no grid. */
export const curvedActivations: ReadonlySet<string> = new Set([
  'LeakyRelu',
  'PRelu',
  'Elu',
  'Selu',
  'Celu',
  'HardSwish',
  'HardSigmoid',
  'Gelu',
  'Mish',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'Softsign',
]);

/** Operators that engines run in float, whatever stands around them. */
export const floatOnly: ReadonlySet<string> = new Set([
  ...curvedActivations,
  'Softmax',
  'LogSoftmax',
  'LayerNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'RMSNormalization',
  'Erf',
  'Exp',
  'Log',
  'Sqrt',
  'Pow',
  'Div',
  'Sub',
  'Reciprocal',
  'ReduceMean',
  'ReduceSum',
  'ReduceL2',
  'Resize',
  'TopK',
  'ArgMax',
  'ArgMin',
  'NonMaxSuppression',
]);

/** Operators that engines average int8 with, if both sides are quantized. */
export const averagePools: ReadonlySet<string> = new Set(['AveragePool', 'GlobalAveragePool']);
