import { tensor } from '../../ir/index.ts';
import { any, constant, type NodeMatch, type Objection, op, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { codeTypeOf, isPerTensor, unlessOrderIsKept } from '../quantizer.ts';

/**
 * Q(s) → DQ(s) → Mul(c) → MatMul  ⇒  Mul(c) → Q(s·c) → DQ(s·c) → MatMul
 *
 * A product by a power of two changes no digit of a number, only its exponent, so the codes stay as they are:
 *
 *     c · F(x; s) = F(c · x; c · s)    for c = 2ᵏ
 *
 * Attention scales its queries by such a factor (1/8 for heads of 64). Behind the move the DQ touches the matrix product.
 */
export const scaleBeforeQuantize = rule({
  name: 'scale-before-quantize',
  summary: 'Q(s) → DQ(s) → Mul(2ᵏ) → MatMul ⇒ Mul(2ᵏ) → Q(2ᵏ·s) → DQ(2ᵏ·s) → MatMul',
  reason: 'A matrix product is fused with the DequantizeLinear that touches it.',
  condition:
    'One factor, a positive power of two; nothing overflows or gets subnormal; only products read the Mul.',
  sources: ['https://github.com/NVIDIA/Model-Optimizer/pull/1289'],
  effect: 'exact',

  match: op.Mul(quantizePair(any('x')), constant('c')).as('mul'),

  unless({ x, c, mul, ...pair }) {
    if (x.dtype === 'int32') return `${x} is int32`;
    const reader = mul.output.readers.find(({ opType }) => opType !== 'MatMul' && opType !== 'Gemm');
    if (reader !== undefined || mul.output.readers.length === 0)
      return `${reader?.opType ?? 'nobody'} reads ${mul}, and no product`;
    const factor = c.numbers()[0];
    if (c.size !== 1 || c.dtype !== 'float32' || c.dims.length > 1) return `${c} is not one float32 factor`;
    return (
      unlessPowerOfTwo(factor!) ||
      unlessOrderIsKept(pair) ||
      unlessNormal(pair.scale.numbers(), factor!, pair)
    );
  },

  rewrite({ x, c, mul, scale, zero, quantize, dequantize }, build) {
    const factor = c.numbers()[0]!;
    const scales = scale.numbers().map((s) => s * factor);
    const newScale = build.constant(
      tensor('float32', isPerTensor(scale) ? scale.dims : [scales.length], scales, scale.name),
    );
    const codes = build.copy(quantize, [build.copy(mul, [x, c]), newScale, zero]);
    return build.copy(dequantize, [codes, newScale, zero]);
  },
});

function unlessPowerOfTwo(factor: number): Objection {
  return (
    !(factor > 0 && Number.isInteger(Math.log2(factor))) &&
    `${factor} is no positive power of two; codes at ties would move`
  );
}

/** Below 2⁻¹²⁶ numbers lose digits, and above 2¹²⁸ they end. */
function unlessNormal(
  scales: readonly number[],
  factor: number,
  {
    quantize,
    zero,
  }: { readonly quantize: NodeMatch<'QuantizeLinear'>; readonly zero: Parameters<typeof codeTypeOf>[1] },
): Objection {
  const bits = codeTypeOf(quantize, zero).endsWith('16') ? 16 : 8;
  const bad = scales.find(
    (s) => !(s >= 2 ** -100 && s * factor >= 2 ** -100 && s * factor * 2 ** bits < 2 ** 100 && s < 2 ** 100),
  );
  return bad !== undefined && `the scale ${bad} times ${factor} leaves the middle of the range of float32`;
}
