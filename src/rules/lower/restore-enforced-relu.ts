import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { isNeverNegative } from '../neighbours.ts';
import { copyPair, unlessCodesComeBack } from '../quantizer.ts';
import { rangesOf, unlessAsymmetric } from './uint8-to-symmetric-int8.ts';

/**
 * x → Q(uint8, 0) → DQ  ⇒  x → Relu → Q(uint8, 0) → DQ
 *
 * A quantizer whose smallest code stands for zero saturates there, and exporters leave out the Relu in front of it. Before
 * `uint8-to-symmetric-int8` gives it a grid that goes on below zero, the Relu has to be back; a convolution takes it in.
 *
 * What is never negative needs none, and no network begins with a Relu. `drop-enforced-bounds` is the opposite.
 */
export const restoreEnforcedRelu = rule({
  name: 'restore-enforced-relu',
  summary: 'Q → DQ of a grid that begins at zero ⇒ Relu → Q → DQ',
  reason: 'The Relu that such a grid stands for would be lost with the zero point.',
  condition:
    'The zero points are the smallest code; an operator makes the value, and may make it negative. Positive scales.',
  sources: ['ONNX Runtime: Clip and Relu in front of a QuantizeLinear are removed'],
  effect: 'exact',

  match: quantizePair(any('x')),

  unless({ x, ...pair }) {
    if (x.dtype !== 'float32') return `${x} is ${x.dtype ?? 'of unknown type'}`;
    const bad = unlessAsymmetric(pair) || unlessCodesComeBack(pair.scale, pair.zero?.dtype ?? 'uint8');
    if (bad) return bad;
    if (rangesOf(pair).some(([low]) => low !== 0)) return `the grid does not begin at zero`;
    if (x.producer === undefined) return `no operator of this graph makes ${x}`;
    return isNeverNegative(x) && `${x} is never negative`;
  },

  rewrite: ({ x, ...pair }, build) => copyPair(build, pair, build.Relu(x)),
});
