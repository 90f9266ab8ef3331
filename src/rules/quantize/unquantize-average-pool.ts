import { any, type NodeMatch, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { unlessAllReaders, unlessDroppable } from '../neighbours.ts';
import { averagePools } from '../operators.ts';

/**
 * x → Q → DQ → AveragePool → float  ⇒  x → AveragePool → float
 *
 * A mean is on no grid. An engine averages int8 only if both sides are quantized; with a pair in front alone it
 * dequantizes first, so that pair only costs. `quantize-average-pool-both-sides` does the opposite.
 */
export const unquantizeAveragePool = rule({
  name: 'unquantize-average-pool',
  summary: 'Q → DQ → AveragePool or GlobalAveragePool → float ⇒ without the pair',
  reason: 'Half quantized, the pool runs in float behind a dequantizer of its own.',
  condition: 'All readers of the pair are pools that nothing quantizes behind. Removes one rounding.',
  sources: ['TensorRT engine explorer: ResNet-18 with and without quantized average pool'],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless: ({ x, dequantize }) =>
    (x.producer === undefined && `no operator of this graph makes ${x}`) ||
    unlessAllReaders(dequantize.output, isFloatPool, 'average pool with a float result') ||
    unlessDroppable(x, dequantize),

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});

function isFloatPool(reader: NodeMatch): boolean {
  if (!averagePools.has(reader.opType)) return false;
  return reader.output.uses.every(({ reader: next }) => next.opType !== 'QuantizeLinear');
}
