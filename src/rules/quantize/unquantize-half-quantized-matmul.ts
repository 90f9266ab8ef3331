import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { unlessHalfOf } from '../neighbours.ts';

/**
 * MatMul(Q → DQ, float)  ⇒  MatMul(float, float)
 *
 * The opposite of `quantize-attention-matmuls`: a product of two activations with one alone quantized runs in float, and
 * the pair only costs.
 */
export const unquantizeHalfQuantizedMatmul = rule({
  name: 'unquantize-half-quantized-matmul',
  summary: 'MatMul(Q → DQ, float) ⇒ MatMul(float, float)',
  reason: 'A product with one float operand runs in float, behind a dequantizer of its own.',
  condition:
    'Only the MatMul reads the pair; its other operand is a float tensor, no constant. Removes one rounding.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/3243',
    'https://github.com/NVIDIA/TensorRT/issues/3280',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless: (pair) => unlessHalfOf('MatMul', pair, (_, other) => `${other} is a weight without quantizer`),

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});
