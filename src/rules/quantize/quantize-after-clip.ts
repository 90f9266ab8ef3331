import { any, constant, type Objection, op, optional, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { boundsOf, unlessBoundsAreSound } from '../clip-bounds.ts';
import { unlessBehindEpilogue } from '../neighbours.ts';
import { copyPair, type Pair, throughPair, unlessOrderIsKept } from '../quantizer.ts';

/**
 * Q → DQ → Clip  ⇒  Clip → Q → DQ
 *
 * A quantizer keeps the order of numbers. A bound that is on its grid bounds what comes out as it bounds what goes in:
 *
 *     min(F(x), h) = min(F(x), F(h)) = F(min(x, h))    where F(h) = h
 *
 * A bound beyond the grid does nothing on either side. Any other would be rounded if it moved, and is left.
 */
export const quantizeAfterClip = rule({
  name: 'quantize-after-clip',
  summary: 'Q → DQ → Clip ⇒ Clip → Q → DQ',
  reason: 'Convolution and Clip become one kernel; with a quantizer between them they are two.',
  condition:
    'Each bound is a number of the grid, or beyond it; positive scales; behind a convolution, product, batch norm or sum.',
  sources: [
    'TensorRT Developer Guide, "Working with Quantized Types": placement of Q/DQ around BN and ReLU',
    'https://onnx.ai/onnx/operators/onnx__Clip.html',
  ],
  effect: 'exact',

  match: op.Clip(quantizePair(any('x')), optional(constant('min')), optional(constant('max'))).as('clip'),

  unless({ x, clip, min, max, ...pair }) {
    if (x.dtype === 'int32') return `${x} is int32, and ${clip} would have to be`;
    return (
      unlessBehindEpilogue(x) ||
      unlessOrderIsKept(pair) ||
      unlessBoundsAreSound(clip, min, max) ||
      unlessOnGrid(boundsOf(clip, min, max), pair)
    );
  },

  rewrite: ({ x, clip, min, max, ...pair }, build) => copyPair(build, pair, build.copy(clip, [x, min, max])),
});

function unlessOnGrid({ low, high }: { readonly low: number; readonly high: number }, pair: Pair): Objection {
  const [lowest, highest] = [throughPair(-Infinity, pair), throughPair(Infinity, pair)];
  for (const [bound, ends, beyond] of [
    [low, lowest, (end: number) => low <= end],
    [high, highest, (end: number) => high >= end],
  ] as const) {
    const rounded = throughPair(bound, pair);
    const i = rounded.findIndex((value, i) => !Object.is(value, bound) && !beyond(ends[i]!));
    if (i >= 0) return `the bound ${bound} is not on the grid, which has ${rounded[i]} next to it`;
  }
  return false;
}
