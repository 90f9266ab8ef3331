import { integerRange, tensor } from '../../ir/index.ts';
import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { codeTypeOf, isPerTensor, unlessAlike } from '../quantizer.ts';
import { describeScale } from '../ranges.ts';

/**
 * Q(s₁ … sₙ) → DQ of an activation  ⇒  Q(max s) → DQ
 *
 * Engines know one scale for an activation; scales along an axis are for weights. The largest holds all.
 */
export const perTensorActivation = rule({
  name: 'per-tensor-activation',
  summary: 'activation with scales along an axis ⇒ one scale, the largest',
  reason: 'TensorRT refuses scales along an axis on activations.',
  condition: 'Equal zero points, positive scales; no constant. Changes the scale of every channel but one.',
  sources: ['https://github.com/NVIDIA/TensorRT/issues/4008'],
  effect: 'scale',

  match: quantizePair(any('x')),

  unless({ x, scale, zero, quantize, dequantize }) {
    if (isPerTensor(scale)) return 'it has one scale already';
    if (x.constant !== undefined) return `${x} is a constant: weights may have scales along an axis`;
    if (scale.dims.length !== 1 || scale.dtype !== 'float32')
      return `the scales of ${quantize} come in blocks, or are ${scale.dtype}`;
    const zeros = zero?.numbers() ?? [0];
    if (zeros.some((z) => z !== zeros[0])) return 'its zero points differ';
    if (integerRange(codeTypeOf(quantize, zero)) === undefined) return `the codes are no integers`;
    if (!scale.numbers().every((s) => s > 0 && Number.isFinite(s)))
      return 'not every scale is a positive number';
    return unlessAlike(quantize, dequantize, scale);
  },

  note: ({ x, scale }) =>
    `"${x}" ${scale.size} scales, the smallest ${describeScale(Math.min(...scale.numbers()))} → ${describeScale(Math.max(...scale.numbers()))}`,

  rewrite({ x, scale, zero, quantize, dequantize }, build) {
    const one = build.constant(tensor('float32', [], [Math.max(...scale.numbers())], scale.name));
    const point = zero && build.constant(tensor(zero.dtype, [], [zero.numbers()[0]!], zero.name));
    const codes = build.copy(quantize, [x, one, point], { axis: undefined });
    return build.copy(dequantize, [codes, one, point], { axis: undefined });
  },
});
