import { type Node, subgraphsOf } from '../ir/index.ts';
import { intAttribute } from './attributes.ts';
import { findSchema, normalDomain } from './schema.ts';

/** What rules and passes may assume of an operator, beyond its schema. Unknown operators have no trait at all. */

const random = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

/**
 * Operators that copy elements of their first input and that engines move quantizers past. No engine is known to move
 * one past a Gather, a Tile and the like, which copy as well.
 */
export const quantizersPass: ReadonlySet<string> = new Set([
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Slice',
  'Split',
  'Identity',
]);

/** Operators whose first output holds elements of their first input, moved, repeated or dropped, never computed with. */
const copying = new Set([...quantizersPass, 'Gather', 'Tile', 'Expand', 'DepthToSpace', 'SpaceToDepth']);

/** Operators of one input whose output has its element type and shape, whatever they are. */
const typeKeeping = new Set(
  'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu'.split(
    ' ',
  ),
);

/** Whether a node's only output has the type of its only input. */
export function keepsType(node: Node): boolean {
  return normalDomain(node.domain) === '' && typeKeeping.has(node.opType) && node.inputs.length === 1;
}

/**
 * Whether running the node twice on the same inputs gives the same outputs and nothing else: the node may be folded,
 * merged with its double, or removed when nobody reads it. Operators without a schema, random ones, training-mode
 * Dropout, and control flow around an impure node are not.
 */
export function isPure(node: Node, opset: number | undefined): boolean {
  if (normalDomain(node.domain) !== '' || opset === undefined || random.has(node.opType)) return false;
  if (findSchema(node.domain, node.opType, opset) === undefined) return false;
  if (node.opType === 'Dropout' && mayTrain(node, opset)) return false;
  return subgraphsOf(node).every((graph) => graph.nodes.every((inner) => isPure(inner, opset)));
}

/** Whether an operator of the standard domain only copies elements of its first input. */
export function copiesElements(node: Node): boolean {
  return normalDomain(node.domain) === '' && copying.has(node.opType);
}

/** Whether an operator draws random numbers. */
export function isRandom(node: Node): boolean {
  return normalDomain(node.domain) === '' && random.has(node.opType);
}

function mayTrain(node: Node, opset: number): boolean {
  if (opset >= 12) return (node.inputs[2] ?? '') !== '';
  return opset < 7 && intAttribute(node, 'is_test', 0) === 0;
}
