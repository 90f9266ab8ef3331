import type { Node } from '../../ir/index.ts';
import { normalDomain } from '../schema.ts';
import { registerAttention } from './attention.ts';
import { Call, type Inference, type InferenceContext } from './call.ts';
import { registerControl } from './control.ts';
import { registerConvolution } from './convolution.ts';
import { registerCreate } from './create.ts';
import { registerElementwise } from './elementwise.ts';
import type { Facts } from './facts.ts';
import { registerGather } from './gather.ts';
import { registerLayout } from './layout.ts';
import { registerMatmul } from './matmul.ts';
import { registerNormalization } from './normalization.ts';
import { registerPieces } from './pieces.ts';
import { registerQuantize } from './quantize.ts';
import { registerRecurrent } from './recurrent.ts';
import { registerReduce } from './reduce.ts';
import { registerResize } from './resize.ts';
import { registerSequence } from './sequence.ts';
import { registerSignal } from './signal.ts';

const families = [
  registerAttention,
  registerControl,
  registerConvolution,
  registerCreate,
  registerElementwise,
  registerGather,
  registerLayout,
  registerMatmul,
  registerNormalization,
  registerPieces,
  registerQuantize,
  registerRecurrent,
  registerReduce,
  registerResize,
  registerSequence,
  registerSignal,
];

let known: Map<string, Map<string, Inference>> | undefined;

/** By domain, then operator. Made on first use: nothing happens when the module is merely imported. */
function inferencesOf(domain: string): Map<string, Inference> {
  if (known === undefined) {
    known = new Map();
    for (const family of families) {
      family((opTypes, inference, name = '') => {
        for (const opType of opTypes.split(' ')) inferencesOf(name).set(opType, inference);
      });
    }
  }
  const found = known.get(domain) ?? new Map<string, Inference>();
  known.set(domain, found);
  return found;
}

/**
 * Teaches inference an operator, for all its versions (`call.opset` tells them apart). The last registration counts, so
 * an operator of one's own domain is added, and a standard one replaced, the same way.
 */
export function registerInference(domain: string, opType: string, inference: Inference): void {
  inferencesOf(normalDomain(domain)).set(opType, inference);
}

/** Whether inference knows an operator. */
export function canInfer(node: Node): boolean {
  return inferencesOf(normalDomain(node.domain)).has(node.opType);
}

/**
 * What follows for each output of a node: `undefined` for operators nobody registered, and for what cannot be told.
 *
 * @param inputs facts by position; `undefined` for absent and unknown inputs
 * @throws ModelError when ranks, lengths, element types or attributes contradict each other
 */
export function inferNode(
  node: Node,
  inputs: readonly (Facts | undefined)[],
  context: InferenceContext,
): readonly (Facts | undefined)[] {
  const inference = inferencesOf(normalDomain(node.domain)).get(node.opType);
  const facts = inference?.(new Call(node, inputs, context)) ?? [];
  return node.outputs.map((output, i) => (output === '' ? undefined : facts[i]));
}
