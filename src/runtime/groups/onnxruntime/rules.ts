import type { Node } from '../../../ir/index.ts';
import { intAttribute } from '../../../ops/index.ts';
import type { Candidate } from './candidate.ts';
import {
  biasCountsProducts,
  type Condition,
  codesOf,
  dequantizedInputs,
  firstTypeGoesOut,
  integerBias,
  nothingBetween,
  oneType,
  perTensor,
  plainBias,
  plainScale,
  positiveScale,
  quantizedOutputs,
  sameScales,
  signedData,
  weightScalesAlong,
} from './conditions.ts';
import {
  onCodes,
  qGemm,
  qLinear,
  qLinearConcat,
  qLinearConv,
  qLinearMatMul,
  qLinearWhere,
} from './fused-nodes.ts';
import { matMulNBits, packableWeights } from './packed-weights.ts';

/** How ONNX Runtime takes an operator between dequantizers and quantizers into one. */
export interface GroupRule {
  readonly name: string;
  readonly operators: readonly string[];
  /** Schema versions it holds for; all where there are none. */
  readonly versions?: readonly number[];
  /** The operator that runs on codes, as people read it. */
  readonly becomes: string;
  /** What has to hold, in the order in which it is looked at. */
  readonly conditions: readonly Condition[];
  /** The node that takes the place of the group. */
  readonly fuse: (candidate: Candidate) => Node;
  /** Dequantizers that stay where they are. */
  readonly keeps?: (candidate: Candidate) => readonly Node[];
}

const bytes = ['int8', 'uint8'] as const;
const movedTypes = [...bytes, 'int16', 'uint16'] as const;

/**
 * The group rules of ONNX Runtime's CPU provider, level "extended".
 *
 * Of two rules for an operator the first that fits is taken.
 *
 * @see https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
export const onnxRuntimeRules: readonly GroupRule[] = [
  {
    name: 'split',
    operators: ['Split'],
    becomes: 'Split',
    conditions: [dequantizedInputs(1), quantizedOutputs('needed'), nothingBetween, sameScales],
    fuse: onCodes,
  },
  {
    name: 'rearrange',
    operators: ['DepthToSpace', 'Resize'],
    becomes: 'the operator itself',
    conditions: [
      dequantizedInputs(1),
      quantizedOutputs('needed'),
      nothingBetween,
      codesOf(bytes),
      sameScales,
    ],
    fuse: onCodes,
  },
  {
    name: 'max-pool',
    operators: ['MaxPool'],
    versions: [12, 22],
    becomes: 'MaxPool',
    conditions: [
      dequantizedInputs(1),
      quantizedOutputs('needed'),
      nothingBetween,
      codesOf(bytes),
      positiveScale,
      sameScales,
    ],
    fuse: onCodes,
  },
  {
    name: 'reduce-extreme',
    operators: ['ReduceMax', 'ReduceMin'],
    becomes: 'the operator itself',
    conditions: [
      dequantizedInputs(1),
      quantizedOutputs('needed'),
      nothingBetween,
      codesOf(bytes),
      positiveScale,
      sameScales,
    ],
    fuse: onCodes,
  },
  {
    name: 'move',
    operators: [
      'Expand',
      'Flatten',
      'Gather',
      'GatherElements',
      'Reshape',
      'Slice',
      'Squeeze',
      'Tile',
      'Transpose',
      'Unsqueeze',
    ],
    becomes: 'the operator itself',
    conditions: [
      dequantizedInputs(1),
      quantizedOutputs('needed'),
      nothingBetween,
      codesOf(movedTypes),
      sameScales,
    ],
    fuse: onCodes,
  },
  {
    name: 'arg-max',
    operators: ['ArgMax'],
    becomes: 'ArgMax',
    conditions: [dequantizedInputs(1), nothingBetween, codesOf(bytes), plainScale],
    fuse: onCodes,
  },
  {
    name: 'unary',
    operators: ['AveragePool', 'LeakyRelu', 'GlobalAveragePool', 'Sigmoid', 'Softmax'],
    becomes: 'QLinear…',
    conditions: [dequantizedInputs(1), quantizedOutputs('needed'), oneType, codesOf(bytes), perTensor()],
    fuse: qLinear,
  },
  {
    name: 'binary',
    operators: ['Add', 'Mul'],
    becomes: 'QLinear…',
    conditions: [dequantizedInputs('all'), quantizedOutputs('needed'), oneType, codesOf(bytes), perTensor()],
    fuse: qLinear,
  },
  {
    name: 'concat',
    operators: ['Concat'],
    becomes: 'QLinearConcat',
    conditions: [dequantizedInputs('all'), quantizedOutputs('needed'), oneType, codesOf(bytes), perTensor()],
    fuse: qLinearConcat,
  },
  {
    name: 'conv',
    operators: ['Conv'],
    becomes: 'QLinearConv',
    conditions: [
      dequantizedInputs('all'),
      quantizedOutputs('needed'),
      firstTypeGoesOut,
      codesOf(bytes, 2),
      signedData('where allowed'),
      integerBias,
      biasCountsProducts,
      perTensor(0),
      weightScalesAlong(() => 0),
    ],
    fuse: qLinearConv,
  },
  {
    name: 'matmul',
    operators: ['MatMul'],
    becomes: 'QLinearMatMul, MatMulIntegerToFloat without a quantizer',
    conditions: [
      dequantizedInputs(2),
      quantizedOutputs('optional'),
      codesOf(bytes),
      signedData('where allowed'),
      firstTypeGoesOut,
      perTensor(0),
      weightScalesAlong(() => 1),
    ],
    fuse: qLinearMatMul,
  },
  {
    name: 'gemm',
    operators: ['Gemm'],
    becomes: 'QGemm',
    conditions: [
      dequantizedInputs('all'),
      quantizedOutputs('optional'),
      codesOf(bytes, 2),
      signedData('anywhere'),
      firstTypeGoesOut,
      plainBias,
      integerBias,
      biasCountsProducts,
      perTensor(0),
      weightScalesAlong(({ node }) => (intAttribute(node, 'transB', 0) === 0 ? 1 : 0)),
    ],
    fuse: qGemm,
  },
  {
    name: 'where',
    operators: ['Where'],
    becomes: 'QLinearWhere',
    conditions: [dequantizedInputs(2), quantizedOutputs('needed'), oneType, codesOf(bytes), perTensor()],
    fuse: qLinearWhere,
  },
  {
    name: 'packed-weights',
    operators: ['MatMul', 'Gemm'],
    becomes: 'MatMulNBits',
    conditions: [nothingBetween, packableWeights],
    fuse: matMulNBits,
    keeps: ({ sources }) => sources.filter((source, i) => i !== 1 && source !== undefined) as Node[],
  },
];
