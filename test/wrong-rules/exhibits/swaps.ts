import { any, anyOf, op, optional, quantizePair } from '../../../src/pattern/index.ts';
import { type Rule, rule } from '../../../src/rewrite/index.ts';
import {
  quantizeAfterRelu,
  quantizeAroundMaxPool,
  quantizeBeforeConcat,
  quantizeBeforeResize,
} from '../../../src/rules/index.ts';
import { copyPair } from '../../../src/rules/quantizer.ts';
import type { Exhibit } from './exhibit.ts';

/** Moves a pair in front of an operator of one input, whatever the operator does. */
function quantizeBefore(name: string, opType: string): Rule {
  return rule({
    name,
    match: quantizePair(anyOf([opType], any('x')).as('moved')),
    rewrite: ({ x, moved, ...pair }, build) => build.copy(moved, [copyPair(build, pair, x)]),
  });
}

const quantizeBeforeAdd = rule({
  name: 'quantize-before-add',
  match: quantizePair(op.Add(any('x'), any('y')).as('add')),
  rewrite: ({ x, y, add, ...pair }, build) =>
    build.copy(add, [copyPair(build, pair, x), copyPair(build, pair, y)]),
});

const quantizeBeforeMul = rule({
  name: 'quantize-before-mul',
  match: quantizePair(op.Mul(any('x'), any('y')).as('mul')),
  rewrite: ({ x, y, mul, ...pair }, build) =>
    build.copy(mul, [copyPair(build, pair, x), copyPair(build, pair, y)]),
});

const quantizeBeforeLinearResize = rule({
  name: 'quantize-before-linear-resize',
  match: quantizePair(
    op
      .Resize(any('x'), optional(any('roi')), any('scales'))
      .with({ mode: 'linear' })
      .as('resize'),
  ),
  rewrite: ({ x, roi, scales, resize, ...pair }, build) =>
    build.copy(resize, [copyPair(build, pair, x), roi, scales]),
});

/** Quantizers change places with operators that compute. */
export const swaps: readonly Exhibit[] = [
  {
    because: 'An average of rounded numbers is not the rounded average.',
    wrong: quantizeBefore('quantize-before-average-pool', 'AveragePool'),
    right: quantizeAroundMaxPool,
  },
  {
    because: 'A mean over all places is an average too.',
    wrong: quantizeBefore('quantize-before-global-average-pool', 'GlobalAveragePool'),
    right: quantizeAroundMaxPool,
  },
  {
    because: 'A sum of two rounded numbers is not the rounded sum, and may lie beyond the range.',
    wrong: quantizeBeforeAdd,
    right: quantizeBeforeConcat,
  },
  {
    because: 'Products of grid numbers lie between the numbers of the grid.',
    wrong: quantizeBeforeMul,
    right: quantizeBeforeConcat,
  },
  {
    because: 'A tenth of a grid number is off the grid.',
    wrong: quantizeBefore('quantize-before-leaky-relu', 'LeakyRelu'),
    right: quantizeAfterRelu,
  },
  {
    because: 'A sigmoid of a grid number is off the grid.',
    wrong: quantizeBefore('quantize-before-sigmoid', 'Sigmoid'),
    right: quantizeAfterRelu,
  },
  {
    because: 'Code −128 has no counterpart: the absolute value of the smallest number is beyond the range.',
    wrong: quantizeBefore('quantize-before-abs', 'Abs'),
    right: quantizeAfterRelu,
  },
  {
    because: 'Linear interpolation averages.',
    wrong: quantizeBeforeLinearResize,
    right: quantizeBeforeResize,
  },
];
