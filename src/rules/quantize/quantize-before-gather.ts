import {
  any,
  anyOf,
  type NodeMatch,
  type Objection,
  optional,
  quantizePair,
  type Value,
} from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { makerOf } from '../neighbours.ts';
import {
  copyPair,
  type Pair,
  type Quantizer,
  unlessAlike,
  unlessPerTensor,
  unlessSameGrid,
} from '../quantizer.ts';

const gathers = [
  'Gather',
  'GatherElements',
  'GatherND',
  'Tile',
  'Expand',
  'DepthToSpace',
  'SpaceToDepth',
  'Where',
  'ScatterND',
  'ScatterElements',
  'Max',
  'Min',
] as const;

/** Which inputs hold the elements that are merged; the others say where they go. Undefined for those that pick from one. */
function dataInputs({ opType, inputs }: NodeMatch): readonly number[] | undefined {
  if (opType === 'Max' || opType === 'Min') return inputs.map((_, i) => i);
  if (opType === 'Where') return [1, 2];
  return opType === 'ScatterND' || opType === 'ScatterElements' ? [0, 2] : undefined;
}

/**
 * gather → Q → DQ  ⇒  Q → DQ → gather
 *
 * These operators pick elements by index or condition and compute with none of them, so they trade places with a
 * quantizer as any copy does:
 *
 *     F(pick(x)) = pick(F(x))
 *
 * Where, Scatter, Max and Min pick from several tensors. They move only where all are on that very grid already: then the
 * pair behind has nothing left to do.
 *
 * No engine is known to carry int8 through these operators by itself, which is why this is a rule of its own, and used on
 * request.
 */
export const quantizeBeforeGather = rule({
  name: 'quantize-before-gather',
  summary: 'Gather, Tile, Expand, DepthToSpace, Where … → Q → DQ ⇒ Q → DQ → the same',
  reason: 'The producer of the tensor can write int8; for engines that pick int8 elements.',
  condition:
    'Only the quantizer reads the operator; one scale. Where, Scatter, Max, Min: all tensors behind equal quantizers.',
  sources: ['https://onnx.ai/onnx/operators/onnx__Gather.html', 'NNCF: quantizer-agnostic operators'],
  effect: 'exact',

  match: quantizePair(anyOf(gathers, any('first'), optional(any()), optional(any())).as('gather')),

  unless({ first, gather, ...pair }) {
    const { reduction = 'none' } = gather.attributes as { readonly reduction?: string };
    if (reduction !== 'none') return `${gather} computes (${reduction})`;
    if (dataInputs(gather) === undefined && first.constant !== undefined)
      return `${first} is a constant; fold ${gather} into it`;
    return (
      unlessAlike(pair.quantize, pair.dequantize, pair.scale) ||
      unlessPerTensor(pair.scale) ||
      unlessOnGridAlready(gather, pair)
    );
  },

  rewrite({ first, gather, ...pair }, build) {
    const [, ...rest] = gather.inputs;
    const isMerging = dataInputs(gather) !== undefined;
    return build.copy(gather, [isMerging ? first : copyPair(build, pair, first), ...rest]);
  },
});

/** Objects unless all tensors that are merged come out of equal quantizers. */
function unlessOnGridAlready(gather: NodeMatch, pair: Pair): Objection {
  for (const index of dataInputs(gather) ?? []) {
    const data = gather.inputs[index]!;
    const objection = unlessOnGrid(data, pair);
    if (objection) return objection;
  }
  return false;
}

function unlessOnGrid(data: Value, pair: Pair): Objection {
  const maker = makerOf(data);
  if (maker?.opType !== 'DequantizeLinear') return `${data} is not behind a quantizer`;
  return unlessSameGrid(maker as Quantizer, pair);
}
