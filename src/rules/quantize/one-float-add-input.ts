import { any, type Objection, quantizePair, type Value } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { branchLengths } from '../branches.ts';
import { convolutionOf, isQuantized, onlyReader, pairInFrontOf, unlessDroppable } from '../neighbours.ts';

/**
 * Conv → Q → DQ ─┐            Conv ─────────┐
 * Conv → Q → DQ ─┴ Add   ⇒    Conv → Q → DQ ─┴ Add
 *
 * One of the two convolutions takes in the sum: the one that is computed last, at the end of the longer branch. Its edge
 * has to be float, the other one – the shortcut – stays quantized and is read as int8.
 *
 * A sum that no convolution takes in is an int8 operator of its own, if both operands are quantized; with one alone
 * it runs in float, and that pair only costs: it goes, too.
 */
export const oneFloatAddInput = rule({
  name: 'one-float-add-input',
  summary: 'Add of two quantized convolutions ⇒ float on the longer branch; half quantized Add ⇒ float',
  reason: 'The convolution of the longer branch takes in the sum, and reads the shortcut as int8.',
  condition: 'Only the Add reads the pair. Removes one rounding.',
  sources: [
    'NVIDIA Model-Optimizer: partitions of residual sums',
    'https://github.com/NVIDIA/TensorRT/issues/1574',
    'https://github.com/NVIDIA/TensorRT/issues/3542',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless({ x, dequantize }) {
    const use = onlyReader(dequantize.output);
    if (use?.reader.opType !== 'Add' || !use.reader.isStandard)
      return `${dequantize.output} is not read by one Add alone`;
    const other = use.reader.inputs[1 - use.index]!;
    if (other.constant !== undefined) return `${use.reader} adds a constant`;
    return unlessFloatWins(x, other, use.index) || unlessDroppable(x, dequantize);
  },

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});

function unlessFloatWins(x: Value, other: Value, index: number): Objection {
  const isConv = convolutionOf(x) !== undefined;
  const behind = pairInFrontOf(other)?.x;
  if (!isConv && convolutionOf(other) === undefined && !isQuantized(other)) return false;
  if (!isConv) return `${x} is the residual, which wants its pair`;
  if (behind === undefined || convolutionOf(behind) === undefined)
    return `${other} is no quantized convolution; unquantize-conv-add-edge is for that`;
  const [own, theirs] = branchLengths(x, behind);
  const isLonger = own > theirs || (own === theirs && index === 0);
  return !isLonger && `the branch of ${behind} is the longer one (${theirs} to ${own} convolutions)`;
}
