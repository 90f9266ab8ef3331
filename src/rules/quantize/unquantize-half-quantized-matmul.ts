import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { isQuantized, onlyReader, unlessDroppable } from '../neighbours.ts';

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

  unless({ x, dequantize }) {
    const use = onlyReader(dequantize.output);
    if (use?.reader.opType !== 'MatMul' || !use.reader.isStandard)
      return `${dequantize.output} is not read by one MatMul alone`;
    const other = use.reader.inputs[1 - use.index]!;
    if (other.constant !== undefined) return `${other} is a weight without quantizer`;
    return (
      (x.producer === undefined && `no operator of this graph makes ${x}`) ||
      (isQuantized(other) && `${other} is quantized, too`) ||
      unlessDroppable(x, dequantize)
    );
  },

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});
