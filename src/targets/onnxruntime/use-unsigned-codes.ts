import { isQuantize } from '../../analysis/index.ts';
import { constantOf } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { graphPass } from './graph-pass.ts';
import { gridOf, regrid, unsigned } from './grids.ts';

/**
 * Q(int8, z) → DQ(int8, z)  ⇒  Q(uint8, z + 128) → DQ(uint8, z + 128)
 *
 * Every code grows by 128 and stands for the number it stood for. On x86 ONNX Runtime multiplies unsigned activations by
 * signed weights; signed ones are slower or not fused at all.
 */
export const useUnsignedCodes: Pass = graphPass({
  name: 'use-unsigned-codes',
  summary: 'Q → DQ with int8 codes ⇒ Q → DQ with uint8 codes, zero point + 128',
  reason: 'ONNX Runtime has its fast kernels on x86 for unsigned activations and signed weights.',
  condition:
    'One constant scale; only DequantizeLinear reads the codes; activations alone, weights stay signed.',
  sources: [
    'https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html#data-type-selection',
  ],
  change(surgery) {
    const { session } = surgery;
    for (const node of session.nodes()) {
      if (!isQuantize(node) || constantOf(session, node.inputs[0] ?? '') !== undefined) continue;
      const grid = gridOf(session, node);
      if (grid?.dtype !== 'int8') continue;
      const { before, after } = regrid(surgery, node, node.inputs[0]!, unsigned(grid));
      surgery.record({ at: node.inputs[0]!, before, after });
    }
  },
});
