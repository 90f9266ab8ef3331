import { any, type NodeMatch, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { convolutionOf, onlyReader, unlessDroppable } from '../neighbours.ts';

/**
 * Conv → Q → DQ → BatchNormalization  ⇒  Conv → BatchNormalization
 *
 * A batch norm, or an Add or Mul by a constant, becomes part of the convolution in front of it, unless a quantizer
 * stands between them: then the convolution writes int8, and the affine step reads it back. Taking the pair out takes out
 * a rounding; what the next operator needs is a pair behind the whole.
 */
export const unquantizeConvBnEdge = rule({
  name: 'unquantize-conv-bn-edge',
  summary: 'Conv → Q → DQ → BatchNormalization (or Add, Mul by a constant) ⇒ Conv → BatchNormalization',
  reason: 'One kernel instead of an int8 convolution, a dequantizer and a float scale.',
  condition: 'Only the batch norm (or constant Add, Mul) reads the pair. Removes one rounding.',
  sources: [
    'TensorRT Developer Guide, "Working with Quantized Types": Q/DQ placement',
    'https://github.com/NVIDIA/TensorRT/tree/main/tools/tensorflow-quantization',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless({ x, dequantize }) {
    if (convolutionOf(x) === undefined) return `no convolution makes ${x}`;
    const reader = onlyReader(dequantize.output)?.reader;
    if (reader === undefined) return `${dequantize.output} has not one reader alone`;
    return (
      (!isAffine(reader) && `${reader} is no batch norm, and no Add or Mul by a constant`) ||
      unlessDroppable(x, dequantize)
    );
  },

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});

function isAffine(reader: NodeMatch): boolean {
  if (!reader.isStandard) return false;
  if (reader.opType === 'BatchNormalization') return true;
  const isChannelwise = reader.opType === 'Add' || reader.opType === 'Mul';
  return isChannelwise && reader.inputs.some((input) => input?.constant !== undefined);
}
