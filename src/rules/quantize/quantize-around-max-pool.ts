import {
  any,
  anyOf,
  type Constant,
  type NodeMatch,
  type Objection,
  optional,
  quantizePair,
} from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import {
  codeTypeOf,
  unlessAlike,
  unlessCodesComeBack,
  unlessPerTensor,
  unlessSameGrid,
} from '../quantizer.ts';

const pools = ['MaxPool', 'GlobalMaxPool', 'ReduceMax', 'ReduceMin'] as const;
type Pool = NodeMatch<(typeof pools)[number]>;

/**
 * Q → DQ → MaxPool            ⇒  MaxPool → Q → DQ
 * Q → DQ → MaxPool → Q → DQ   ⇒  MaxPool → Q → DQ
 *
 * A quantizer with a positive scale keeps the order of numbers, so the largest of the rounded is the largest, rounded:
 *
 *     max F(xᵢ) = F(max xᵢ)
 *
 * and the same for the smallest. Of the two equal forms TensorRT's own is the one with the quantizer behind the pool:
 * it moves the Q up through the pool by itself, writes Conv → Relu → MaxPool as one kernel, and keeps a DQ next to the
 * convolution that follows. Ahead of a pool that is quantized behind as well, the first pair only stands in the way.
 * Pairs with different scales around a pool are not touched: making them one is a change of calibration.
 *
 * A pair moves down past pools alone and no rule moves it up past one, so this ends.
 */
export const quantizeAroundMaxPool = rule({
  name: 'quantize-around-max-pool',
  summary: 'Q → DQ → MaxPool [→ Q → DQ] ⇒ MaxPool → Q → DQ',
  reason:
    'Convolution, activation and pool become one int8 kernel, and the quantizer works on fewer elements.',
  condition:
    'One positive scale; no window lies in the padding alone; a quantizer behind the pool is equal bit for bit; no NaN.',
  sources: [
    'TensorRT Developer Guide, "Working with Quantized Types": Q/DQ propagation, figure of MaxPool',
    'https://github.com/NVIDIA/TensorRT/issues/2518',
    'NVIDIA Model-Optimizer, tests of Conv-Act-Pool',
  ],
  effect: 'exact',

  match: anyOf(pools, quantizePair(any('x')), optional(any('axes'))).as('pool'),

  unless({ x, pool, scale, zero, quantize, dequantize }) {
    if (x.dtype === 'int32') return `${x} is int32, which ${pool} cannot read`;
    const dtype = codeTypeOf(quantize, zero);
    return (
      unlessAlike(quantize, dequantize, scale) ||
      unlessPerTensor(scale) ||
      unlessCodesComeBack(scale, dtype) ||
      unlessWindowsHoldElements(pool) ||
      unlessBehindIsEqual(pool, scale, zero, quantize)
    );
  },

  rewrite({ x, axes, pool, scale, zero, quantize, dequantize }, build) {
    const pooled = build.copy(pool, [x, axes]);
    const behind = quantizersBehind(pool).length;
    if (behind > 0 && behind === pool.output.uses.length) return pooled;
    return build.copy(dequantize, [build.copy(quantize, [pooled, scale, zero]), scale, zero]);
  },
});

/** A window without elements gives minus infinity, which a quantizer would turn into its lowest number. */
function unlessWindowsHoldElements(pool: Pool): Objection {
  if (pool.outputs[1] !== undefined) return `${pool} also gives the indices of the largest elements`;
  if (pool.opType !== 'MaxPool') return false;
  const { kernel_shape, pads, dilations } = (pool as NodeMatch<'MaxPool'>).attributes;
  if (dilations?.some((step) => step !== 1))
    return `${pool} is dilated: a window may lie in the padding alone`;
  const wide = pads?.some((pad, i) => pad >= (kernel_shape[i % kernel_shape.length] ?? 0));
  return wide === true && `${pool} pads by as much as its kernel: a window may lie in the padding alone`;
}

function unlessBehindIsEqual(
  pool: Pool,
  scale: Constant,
  zero: Constant | undefined,
  quantize: NodeMatch<'QuantizeLinear'>,
): Objection {
  if (pool.output.isGraphOutput)
    return `${pool.output} is an output of the graph, where a quantizer is of no use`;
  for (const other of quantizersBehind(pool)) {
    const objection = unlessSameGrid(other, { scale, zero, quantize });
    if (objection) return objection;
  }
  return false;
}

function quantizersBehind(pool: Pool): readonly NodeMatch<'QuantizeLinear'>[] {
  return pool.output.uses.flatMap(({ reader, index }) =>
    reader.opType === 'QuantizeLinear' && reader.isStandard && index === 0
      ? [reader as NodeMatch<'QuantizeLinear'>]
      : [],
  );
}
