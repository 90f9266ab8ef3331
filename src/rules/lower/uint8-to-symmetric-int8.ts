import { integerRange, tensor } from '../../ir/index.ts';
import { any, type Constant, type Objection, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { codeTypeOf, type Grid, type Pair, unlessAlike } from '../quantizer.ts';
import { short } from '../ranges.ts';

/**
 * Q(s, z) → DQ  ⇒  Q(s′, 0: int8) → DQ,  s′ = max(|s·(qmin − z)|, |s·(qmax − z)|) / 127
 *
 * An engine that knows symmetric int8 alone gets the smallest symmetric range that holds the old one: what only had
 * positive numbers loses a bit. `uint8-to-int8` does it for nothing where the zero point is in the middle.
 *
 * A grid that begins at zero is a Relu as well, which the symmetric grid is not: let `restore-enforced-relu` go first.
 */
export const uint8ToSymmetricInt8 = rule({
  name: 'uint8-to-symmetric-int8',
  summary: 'Q → DQ with an off-centre zero point ⇒ symmetric int8 over the same range',
  reason: 'TensorRT imports symmetric int8 alone; uint8, or a zero point that is not 0, is an error.',
  condition: 'Codes of 8 bits, float32 scales; only the DequantizeLinear reads the codes. Changes the scale.',
  sources: [
    'https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md',
    'https://github.com/NVIDIA/TensorRT/issues/2774',
  ],
  effect: 'scale',

  match: quantizePair(any('x')),

  unless: unlessAsymmetric,

  note({ x, ...grid }) {
    const [before, after] = [rangesOf(grid), symmetricScales(grid)];
    const [low, high] = [Math.min(...before.map(([l]) => l)), Math.max(...before.map(([, h]) => h))];
    return `"${x}" ${short(low)} … ${short(high)} → ±${short(127 * Math.max(...after))}`;
  },

  rewrite({ x, quantize, dequantize, scale, zero }, build) {
    const dims = scale.dims;
    const newScale = build.constant(
      tensor('float32', dims, symmetricScales({ scale, zero, quantize }), scale.name),
    );
    const newZero = build.constant(
      tensor(
        'int8',
        dims,
        new Int8Array(scale.size),
        (zero as Constant | undefined)?.name ?? `${x}_zero_point`,
      ),
    );
    const codes = build.copy(quantize, [x, newScale, newZero], { output_dtype: undefined });
    return build.copy(dequantize, [codes, newScale, newZero]);
  },
});

/** Objects unless a pair of 8 bits has zero points off the centre. */
export function unlessAsymmetric({ quantize, dequantize, scale, zero }: Pair): Objection {
  const dtype = codeTypeOf(quantize, zero);
  if (dtype !== 'int8' && dtype !== 'uint8') return `the codes are ${dtype}`;
  if (scale.dtype !== 'float32') return `the scale is ${scale.dtype}`;
  const zeros = zero?.numbers() ?? [0];
  if (dtype === 'int8' && zeros.every((z) => z === 0)) return 'it is symmetric int8 already';
  if (dtype === 'uint8' && zeros.every((z) => z === 128)) return 'uint8-to-int8 does it exactly';
  return unlessAlike(quantize, dequantize, scale);
}

/** Smallest and largest number of the grid, scale by scale. */
export function rangesOf({ scale, zero, quantize }: Grid): readonly (readonly [number, number])[] {
  const { min, max } = integerRange(codeTypeOf(quantize, zero))!;
  const zeros = zero?.numbers() ?? [0];
  return scale.numbers().map((s, i) => {
    const z = zeros[i] ?? zeros[0]!;
    return [s * (min - z), s * (max - z)];
  });
}

function symmetricScales(grid: Grid): readonly number[] {
  return rangesOf(grid).map(([low, high]) => Math.fround(Math.max(Math.abs(low), Math.abs(high)) / 127));
}
