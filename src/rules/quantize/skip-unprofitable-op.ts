import {
  any,
  anyOf,
  type Constant,
  constant,
  type NodeMatch,
  type Objection,
  oneOf,
  op,
  optional,
  quantizePair,
  type Value,
} from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { dequantized, unlessStepsFit } from '../constant-codes.ts';
import { unlessAllReaders, unlessDroppable } from '../neighbours.ts';
import { unlessAlike } from '../quantizer.ts';

/** Fewer channels, rows or columns than this leave tensor cores idle. */
const few = 16;

/**
 * Conv(Q → DQ, DQ(w)) with few channels  ⇒  Conv(float, float)
 *
 * Int8 tensor cores work on 16 channels and more at a time. A convolution with fewer, or a product with a vector, is no
 * faster in int8, and pays for the conversions around it. Both pairs go: that of the activation and that of the weights.
 * Depthwise convolutions have kernels of their own and stay.
 */
export const skipUnprofitableOp = rule({
  name: 'skip-unprofitable-op',
  summary: 'Conv, Gemm or MatMul of fewer than 16 channels in int8 ⇒ in float',
  reason: 'With few channels the int8 kernel is slower than the float16 one.',
  condition: 'Only this operator reads the pair and the weights. Removes the roundings of both.',
  sources: [
    'NVIDIA Model-Optimizer: exclusion of small convolutions and GEMV',
    'TensorRT engine explorer: lint of channels',
  ],
  effect: 'closer',

  match: anyOf(
    ['Conv', 'Gemm', 'MatMul'] as const,
    quantizePair(any('x')),
    op
      .DequantizeLinear(
        oneOf(
          constant('codes'),
          op.QuantizeLinear(constant('w'), constant('wScale'), optional(constant('wZero'))).as('wQuantize'),
        ),
        constant('wScale'),
        optional(constant('wZero')),
      )
      .as('wDequantize'),
    optional(any('b')),
  ).as('node'),

  unless({ x, dequantize, codes, w, wScale, wZero, wQuantize, wDequantize, node }) {
    const stored = (codes ?? w)!;
    const steps = { scale: wScale, zero: wZero, axis: wDequantize.attributes.axis };
    if (w?.dtype === 'int32') return `${w} is int32, which ${node} cannot read beside floats`;
    return (
      unlessPositive(wScale) ||
      unlessFew(node, stored.dims) ||
      unlessDroppable(x, dequantize) ||
      (codes !== undefined && unlessStepsFit(steps, codes.dims)) ||
      (wQuantize !== undefined && unlessAlike(wQuantize, wDequantize, wScale)) ||
      unlessAllReaders(dequantize.output, (reader) => reader.node === node.node, 'part of it')
    );
  },

  note: ({ x, node, codes, w }) =>
    `the pairs on "${x}" and the weights ${(codes ?? w)!} [${(codes ?? w)!.dims}] of ${node} go`,

  rewrite({ x, codes, w, wScale, wZero, wDequantize, b, node }, build) {
    const steps = { scale: wScale, zero: wZero, axis: wDequantize.attributes.axis };
    const weights: Value = w ?? build.constant(dequantized(codes!, steps));
    return build.copy(node, [x, weights, b]);
  },
});

/** A pair with another scale is no rounding of what goes through it, but makes something else of it. */
function unlessPositive(scale: Constant): Objection {
  const odd = scale.numbers().find((s) => !(s > 0 && Number.isFinite(s)));
  return odd !== undefined && `the scale ${odd} is not a positive number`;
}

function unlessFew(node: NodeMatch<'Conv' | 'Gemm' | 'MatMul'>, dims: readonly number[]): Objection {
  const [outer = 0, inner = 0] = dims;
  if (node.opType === 'Conv') {
    const { group } = node.attributes as NodeMatch<'Conv'>['attributes'];
    if (group > 1 && inner === 1) return `${node} is depthwise`;
    // The first convolution of a network has three channels and is worth it all the same: it is the largest.
    if (inner * group <= 4) return `${node} reads the network's few channels`;
    const channels = Math.min(outer, inner * group);
    return channels >= few && `${node} has ${channels} channels`;
  }
  if (dims.length !== 2) return `${node} is a product of stacks`;
  return Math.min(outer, inner) >= few && `${node} multiplies by [${dims}]`;
}
