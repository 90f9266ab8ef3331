import type { Node } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { isLasting, type NdArray } from './array.ts';

/** Which inputs are scales. */
const positions: ReadonlyMap<string, readonly number[]> = new Map([
  ['QuantizeLinear', [1]],
  ['DequantizeLinear', [1]],
  ['QLinearConv', [1, 4, 6]],
  ['QLinearMatMul', [1, 4, 6]],
  ['QLinearAdd', [1, 4, 6]],
  ['QLinearMul', [1, 4, 6]],
  ['QLinearSigmoid', [1, 3]],
  ['QLinearLeakyRelu', [1, 3]],
  ['QLinearSoftmax', [1, 3]],
  ['QLinearAveragePool', [1, 3]],
  ['QLinearGlobalAveragePool', [1, 3]],
  ['QLinearWhere', [2, 5, 7]],
  ['QGemm', [1, 4, 7]],
  ['MatMulIntegerToFloat', [2, 3]],
  ['DynamicQuantizeMatMul', [2]],
  ['MatMulNBits', [2]],
  ['IntegerConv', [1, 3, 6, 8]],
  ['IntegerMatMul', [1, 3, 6, 8]],
  ['IntegerAdd', [1, 3, 6]],
  ['IntegerMul', [1, 3, 6]],
]);

/** The inputs of a node that are scales of codes. */
export function scalePositions({ opType, inputs }: Node): readonly number[] {
  // The scale and zero point of the output, then each input with its scale and zero point.
  if (opType === 'QLinearConcat') return [...inputs.keys()].filter((i) => i % 3 === 0);
  return positions.get(opType) ?? [];
}

const checked = new WeakSet<object>();

/**
 * Checks a scale. Zero, negative and infinite ones have results that engines agree on; NaN becomes any code at all.
 *
 * @throws ModelError `bad-scale`
 */
export function checkScale({ data, dtype }: NdArray, input: number, opType: string): void {
  const lasts = isLasting(data);
  if (lasts && checked.has(data)) return;
  const scales = data as ArrayLike<number>;
  for (let i = 0; i < scales.length; i++) {
    if (!Number.isNaN(scales[i])) continue;
    throw new ModelError('bad-scale', `Input ${input} of ${opType}, a ${dtype} scale, is NaN at ${i}.`, {
      fix: 'Calibrate the model again; the range of this tensor was not a number.',
    });
  }
  if (lasts) checked.add(data);
}
