import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { unlessHalfOf } from '../neighbours.ts';

/**
 * x → Q → DQ ─┐            x ─┐
 *        gate ─┴ Mul   ⇒  gate ─┴ Mul
 *
 * A product of two tensors, as in squeeze-and-excite, is an int8 operator only if both are quantized. With one alone it
 * runs in float, and that pair is converted for nothing.
 */
export const gateBothOrNone = rule({
  name: 'gate-both-or-none',
  summary: 'Mul(Q → DQ, float) ⇒ Mul(float, float)',
  reason: 'A product of tensors runs in int8 if both are quantized; one pair alone only costs.',
  condition:
    'Only the Mul reads the pair; its other operand is a float tensor, no constant. Removes one rounding.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/tree/main/tools/tensorflow-quantization',
    'NVIDIA Model-Optimizer: squeeze-and-excite stays float',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless: (pair) => unlessHalfOf('Mul', pair, (mul) => `${mul} multiplies by a constant`),

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});
