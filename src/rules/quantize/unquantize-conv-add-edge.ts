import { any, type NodeMatch, type Objection, quantizePair, type Value } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { convolutionOf, onlyReader, pairInFrontOf, unlessDroppable } from '../neighbours.ts';

/**
 * Conv → Q → DQ → Add(residual)  ⇒  Conv → Add(residual)
 *
 * A convolution takes in the sum behind it, with the residual as a second input – if nothing stands between them. It is
 * the residual that wants the quantizer.
 */
export const unquantizeConvAddEdge = rule({
  name: 'unquantize-conv-add-edge',
  summary: 'Conv → Q → DQ → Add(residual) ⇒ Conv → Add(residual)',
  reason: 'Convolution and sum become one kernel; with a quantizer between them they are two.',
  condition:
    'Only the Add reads the pair; both operands have one shape; the other is no quantized convolution itself. Removes one rounding.',
  sources: [
    'TensorRT Developer Guide, "Working with Quantized Types": suboptimal placement around an Add',
    'NVIDIA Model-Optimizer: partitions of residual sums',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless({ x, dequantize }) {
    if (convolutionOf(x) === undefined) return `no convolution makes ${x}`;
    const use = onlyReader(dequantize.output);
    if (use?.reader.opType !== 'Add' || !use.reader.isStandard)
      return `${dequantize.output} is not read by one Add alone`;
    const other = use.reader.inputs[1 - use.index]!;
    return (
      unlessResidual(other, use.reader) ||
      unlessSameShape(dequantize.output, other) ||
      unlessDroppable(x, dequantize)
    );
  },

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});

function unlessResidual(other: Value, add: NodeMatch): Objection {
  if (other.constant !== undefined) return `${add} adds a constant; that is no residual`;
  if (convolutionOf(other) !== undefined) return `${other} is the convolution that takes in the sum already`;
  const pair = pairInFrontOf(other);
  return (
    pair !== undefined &&
    convolutionOf(pair.x) !== undefined &&
    `both operands of ${add} are quantized convolutions; one-float-add-input chooses`
  );
}

/** The same but for the batch, which is often a symbol. */
function unlessSameShape(a: Value, b: Value): Objection {
  const [left, right] = [a.dims, b.dims];
  if (left === undefined || right === undefined)
    return `the shape of ${left === undefined ? a : b} is not known`;
  const same =
    left.length === right.length &&
    left.every((length, i) => i === 0 || (length !== undefined && length === right[i]));
  return !same && `${a} is [${left.join(',')}], and ${b} [${right.join(',')}]`;
}
