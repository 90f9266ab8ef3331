import { isDequantize, readQuantization } from '../../analysis/index.ts';
import type { Node } from '../../ir/index.ts';
import { intAttribute } from '../../ops/index.ts';
import { everyTarget, type Hit, type Lint, tensorrtTargets } from './lint.ts';
import { isOperator, placeOf, type Subject, type WeightedNode } from './subject.ts';

/** What keeps the weights of an operator out of an int8 kernel. */
export const weightLints: readonly Lint[] = [
  {
    id: 'E9',
    title: 'weights with scales on an axis that is not the output channel',
    severity: 'error',
    cost: 'refused, or wrong results',
    rule: null,
    targets: everyTarget,
    *find(subject) {
      for (const weighted of subject.weighted) yield* axisHits(subject, weighted);
    },
  },
  {
    id: 'E13',
    title: 'a bias stored as int32 behind a DQ',
    severity: 'error',
    cost: 'refused: DQ makes activations only; a bias stays float and is rounded by the engine',
    rule: 'float-bias',
    targets: tensorrtTargets,
    *find({ quantizers }) {
      for (const { dtype, at, isQuantize } of quantizers)
        if (dtype === 'int32' && !isQuantize) yield { at, message: 'it dequantizes int32' };
    },
  },
  {
    id: 'E15',
    title: 'an operator that lies between a weight and its DQ’s reader',
    severity: 'error',
    cost: '"Could not fuse 2nd input (kernel weights)"; the weight has to come as constant, Q, DQ',
    rule: 'move-transpose-into-weights',
    targets: tensorrtTargets,
    *find({ view, weighted }) {
      for (const { node, index, quantizedWeight } of weighted) {
        const producer = view.producer(node.inputs[index]!);
        if (quantizedWeight && producer !== undefined && !isDequantize(producer))
          yield {
            at: placeOf(node),
            message: `${producer.opType} ${placeOf(producer)} stands between DQ and weight`,
          };
      }
    },
  },
  {
    id: 'S9',
    title: 'a quantizer on one input of a layer that multiplies, and none on the other',
    severity: 'cost',
    cost: 'the layer runs in floats: its quantized input is dequantized first, or its weights are',
    rule: null,
    targets: everyTarget,
    *find({ weighted }) {
      for (const { node, quantizedInput, quantizedWeight, weightType } of weighted) {
        // Weights of four bits are made for floats: they save memory, not arithmetic.
        const isWeightOnly = !quantizedInput && weightType !== 'int8' && weightType !== 'uint8';
        if (quantizedInput === quantizedWeight || isWeightOnly) continue;
        const [has, lacks] = quantizedInput ? ['input', 'weights'] : ['weights', 'input'];
        yield {
          at: placeOf(node),
          message: `its ${has} ${has === 'input' ? 'has' : 'have'} a quantizer, its ${lacks} ${lacks === 'input' ? 'has' : 'have'} none`,
          ...(quantizedInput ? { rule: 'drop-isolated-qdq' } : {}),
        };
      }
    },
  },
];

/** Output channels are axis 0 of a Conv, 1 of a ConvTranspose, the last of a MatMul; of a Gemm by `transB`. */
function* axisHits({ view, shapeOf }: Subject, { node, index }: WeightedNode): Iterable<Hit> {
  const weight = node.inputs[index]!;
  const producer = view.producer(weight);
  if (producer === undefined || !isDequantize(producer)) return;
  const { granularity, axis } = readQuantization(view, producer);
  if (granularity !== 'axis' || axis === undefined) return;
  const wanted = channelAxis(node, index, shapeOf(weight)?.length ?? 2);
  if (axis !== wanted)
    yield {
      at: placeOf(node),
      message: `its weights have scales on axis ${axis}; output channels are axis ${wanted}`,
    };
}

function channelAxis(node: Node, index: number, rank: number): number {
  if (isOperator(node, 'Conv')) return 0;
  if (isOperator(node, 'ConvTranspose')) return 1;
  if (isOperator(node, 'Gemm')) return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
  return index === 0 ? rank - 2 : rank - 1;
}
