import type { ActivationName } from '../../activation.ts';

/** What TensorRT takes into one kernel behind an operator on int8 data. */
export interface TensorRtRule {
  readonly name: string;
  /** Its number in the rule book. */
  readonly pattern: string;
  readonly operators: readonly string[];
  /** Whether it is for depthwise convolutions, for others, or for both. */
  readonly depthwise?: boolean;
  /** Whether a norm or another constant factor and offset for each channel may follow. */
  readonly norm: boolean;
  /** Whether another branch is added. */
  readonly residual: boolean;
  readonly activations: readonly (ActivationName | 'none')[];
}

const plain = ['none'] as const;
const convolution = ['Conv'];

/**
 * The fusion patterns of TensorRT's rule book that integer arithmetic follows; of several that fit, the one that takes most.
 *
 * An operator writes int8 where one quantizer reads its result and nobody else does; with a residual, only where that is int8.
 *
 * @see https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/work-quantized-types.html
 */
export const tensorRtRules: readonly TensorRtRule[] = [
  { name: 'conv', pattern: 'P1', operators: convolution, norm: false, residual: false, activations: plain },
  {
    name: 'conv-norm',
    pattern: 'P2',
    operators: convolution,
    norm: true,
    residual: false,
    activations: plain,
  },
  {
    name: 'conv-norm-activation',
    pattern: 'P3',
    operators: convolution,
    depthwise: false,
    norm: true,
    residual: false,
    activations: ['Relu', 'Clip'],
  },
  {
    name: 'conv-leaky-relu',
    pattern: 'P4',
    operators: convolution,
    depthwise: false,
    norm: true,
    residual: false,
    activations: ['LeakyRelu'],
  },
  {
    name: 'conv-silu',
    pattern: 'P5',
    operators: convolution,
    depthwise: false,
    norm: true,
    residual: false,
    activations: ['Silu', 'Sigmoid', 'HardSwish'],
  },
  {
    name: 'depthwise-conv-activation',
    pattern: 'P6',
    operators: convolution,
    depthwise: true,
    norm: true,
    residual: false,
    activations: ['Relu', 'Clip'],
  },
  {
    name: 'conv-gelu',
    pattern: 'P8',
    operators: convolution,
    depthwise: false,
    norm: true,
    residual: false,
    activations: ['Gelu'],
  },
  {
    name: 'conv-residual',
    pattern: 'P9',
    operators: convolution,
    norm: true,
    residual: true,
    activations: ['none', 'Relu'],
  },
  {
    name: 'fully-connected',
    pattern: 'P16',
    operators: ['Gemm'],
    norm: false,
    residual: false,
    activations: ['none', 'Relu'],
  },
  {
    name: 'matmul',
    pattern: 'P17',
    operators: ['MatMul'],
    norm: true,
    residual: false,
    activations: ['none', 'Relu'],
  },
];

/** Operators whose inputs and output all have to be int8. */
export const quantizableRules: readonly {
  readonly name: string;
  readonly pattern: string;
  readonly operators: readonly string[];
  readonly becomes: string;
}[] = [
  {
    name: 'average-pool',
    pattern: 'P18',
    operators: ['AveragePool', 'GlobalAveragePool'],
    becomes: 'QLinear…',
  },
  { name: 'add', pattern: 'P21', operators: ['Add'], becomes: 'IntegerAdd' },
  { name: 'mul', pattern: 'P22', operators: ['Mul'], becomes: 'IntegerMul' },
];
