import { any, type NodeMatch, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { onlyReader, unlessAllReaders, unlessDroppable } from '../neighbours.ts';

/** Operators inside which transformers compute in float: softmax, norms, and the erf of GELU. */
const islands: ReadonlySet<string> = new Set([
  'Softmax',
  'LogSoftmax',
  'LayerNormalization',
  'RMSNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'SkipLayerNormalization',
  'Erf',
  'Gelu',
  'Pow',
  'Sqrt',
  'ReduceMean',
]);

/**
 * x → Q → DQ → Softmax  ⇒  x → Softmax
 *
 * and the same in front of normalizations, GELU, and the sum that adds a mask to the input of a Softmax. These are fused
 * into float kernels of attention and normalization; a DQ in front dangles and breaks the fusion. Pairs in front of matrix
 * products stay.
 */
export const floatIslands = rule({
  name: 'float-islands',
  summary: 'x → Q → DQ → Softmax, norm, erf or mask Add ⇒ x → the same in float',
  reason: 'Softmax, norms and GELU always run in float, fused; a DQ in front of one dangles.',
  condition: 'All readers of the pair are of that kind. Removes one rounding.',
  sources: [
    'NVIDIA Model-Optimizer: partitions of transformers',
    'https://github.com/NVIDIA/TensorRT/issues/4242',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless: ({ x, dequantize }) =>
    (x.producer === undefined && `no operator of this graph makes ${x}`) ||
    unlessAllReaders(dequantize.output, isIsland, 'softmax, norm or erf') ||
    unlessDroppable(x, dequantize),

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});

function isIsland(reader: NodeMatch): boolean {
  if (islands.has(reader.opType)) return true;
  return reader.opType === 'Add' && onlyReader(reader.output)?.reader.opType === 'Softmax';
}
