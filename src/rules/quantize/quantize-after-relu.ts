import { any, op, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { unlessBehindEpilogue } from '../neighbours.ts';
import { copyPair, unlessOrderIsKept } from '../quantizer.ts';

/**
 * Q → DQ → Relu  ⇒  Relu → Q → DQ
 *
 * A quantizer keeps the order of numbers and has zero on its grid, so what is below zero ends at zero either way:
 *
 *     max(F(x), 0) = max(F(x), F(0)) = F(max(x, 0))
 *
 * Only behind operators that a Relu becomes part of: anywhere else nothing is gained. A pair moves down past activations
 * and no rule moves it up past one, so this ends.
 */
export const quantizeAfterRelu = rule({
  name: 'quantize-after-relu',
  summary: 'Q → DQ → Relu ⇒ Relu → Q → DQ',
  reason: 'Convolution and Relu become one kernel; with a quantizer between them they are two.',
  condition:
    'Only the Relu reads the pair, which stands behind a convolution, product, batch norm or sum; positive scales.',
  sources: [
    'TensorRT Developer Guide, "Working with Quantized Types": placement of Q/DQ around BN and ReLU',
    'https://github.com/NVIDIA/TensorRT/issues/993',
  ],
  effect: 'exact',

  match: op.Relu(quantizePair(any('x'))).as('relu'),

  unless({ x, relu, ...pair }) {
    if (x.dtype === 'int32') return `${x} is int32, and ${relu} would have to be`;
    return unlessBehindEpilogue(x) || unlessOrderIsKept(pair);
  },

  rewrite: ({ x, relu, ...pair }, build) => copyPair(build, pair, build.copy(relu, [x])),
});
