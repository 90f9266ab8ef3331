import { any, op, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { copyPair, unlessAlike, unlessPerTensor } from '../quantizer.ts';

/**
 * Q → DQ → Transpose → MatMul  ⇒  Transpose → Q → DQ → MatMul
 *
 * Attention turns its keys round before it multiplies by them. A matrix product is fused with the DequantizeLinear that
 * touches it, so the copy goes to the other side of the pair:
 *
 *     turn(F(x)) = F(turn(x))
 *
 * `quantize-before-copy` leaves pairs alone that a matrix product reads, so the two do not undo each other.
 */
export const transposeBeforeQuantize = rule({
  name: 'transpose-before-quantize',
  summary: 'Q → DQ → Transpose → MatMul ⇒ Transpose → Q → DQ → MatMul',
  reason: 'A matrix product is fused with the DequantizeLinear that touches it.',
  condition: 'Only products read the Transpose, and only the Transpose the pair; one scale.',
  sources: ['https://github.com/NVIDIA/Model-Optimizer/pull/1289'],
  effect: 'exact',

  match: op.Transpose(quantizePair(any('x'))).as('transpose'),

  unless({ x, transpose, ...pair }) {
    if (x.dtype === 'int32') return `${x} is int32, and ${transpose} would have to be`;
    const { readers, isGraphOutput } = transpose.output;
    const other = readers.find(({ opType }) => opType !== 'MatMul' && opType !== 'Gemm');
    if (readers.length === 0 || other !== undefined || isGraphOutput)
      return `${other?.opType ?? 'no operator'} reads ${transpose}, and no product`;
    return unlessPerTensor(pair.scale) || unlessAlike(pair.quantize, pair.dequantize, pair.scale);
  },

  rewrite: ({ x, transpose, ...pair }, build) => copyPair(build, pair, build.copy(transpose, [x])),
});
