import type { Node, Tensor } from '../ir/index.ts';
import { evaluateNode } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { placeOf, Unfollowed } from './unfollowed.ts';

/** Runs a node on tensors by position: of an input that is named twice, each position has a tensor of its own. */
export function evaluate(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  opset: number,
): readonly (Tensor | undefined)[] {
  const names = inputs.map((tensor, i) => (tensor === undefined ? '' : `input ${i}`));
  try {
    return evaluateNode({ ...node, inputs: names, origin: undefined }, inputs, { opset });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new Unfollowed(placeOf(node), error.message);
  }
}
