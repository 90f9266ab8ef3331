import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { makerOf, unlessAllReaders, unlessDroppable } from '../neighbours.ts';
import { floatOnly } from '../operators.ts';

/**
 * Softmax → Q → DQ → Resize  ⇒  Softmax → Resize
 *
 * A pair between operators that all run in float makes nothing faster: the tensor is converted to int8 and straight
 * back.
 */
export const dropIsolatedQdq = rule({
  name: 'drop-isolated-qdq',
  summary: 'float operator → Q → DQ → float operators ⇒ without the pair',
  reason: 'No operator gains by the pair; it costs two conversions and a rounding.',
  condition:
    'The operator in front and all readers are known to run in float (Softmax, norms, Resize, Exp …). Removes one rounding.',
  sources: [
    'TensorRT Developer Guide, "Working with Quantized Types": be conservative',
    'NVIDIA Model-Optimizer: non-quantizable operators',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless({ x, dequantize }) {
    const maker = makerOf(x);
    if (maker === undefined || !floatOnly.has(maker.opType))
      return `${maker ?? x} is not known to be in float whatever follows`;
    return (
      unlessAllReaders(
        dequantize.output,
        ({ opType }) => floatOnly.has(opType),
        'operator that always runs in float',
      ) || unlessDroppable(x, dequantize)
    );
  },

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});
