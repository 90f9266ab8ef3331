import type { DataType, Node } from '../../../ir/index.ts';
import { codeTypeOf, isDequantizer, isQuantizer, tensorScaleOf } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';
import { isMadeRedundant } from './activations.ts';

/** An operator with the dequantizers before and the quantizers behind it. */
export interface Candidate {
  readonly graph: WorkGraph;
  readonly node: Node;
  /** What makes each input, where that is a dequantizer. */
  readonly sources: readonly (Node | undefined)[];
  /** The dequantizers among them, in the order of the inputs. */
  readonly dequantizers: readonly Node[];
  /** A Relu or Clip behind the operator that the quantizer makes superfluous. */
  readonly clip: Node | undefined;
  /** Quantizers behind the operator's outputs, in their order. */
  readonly quantizers: readonly Node[];
  /** Element types of the codes that come in, in the order of `dequantizers`. */
  readonly inputTypes: readonly (DataType | undefined)[];
  readonly outputTypes: readonly (DataType | undefined)[];
}

/** The surroundings of an operator; a sentence where a Relu or Clip behind it stands in the way. */
export function candidateOf(graph: WorkGraph, node: Node): Candidate | string {
  const sources = node.inputs.map((input) => {
    const producer = graph.producer(input);
    return isDequantizer(producer) ? producer : undefined;
  });
  const dequantizers = [...new Set(sources.filter((source) => source !== undefined))];
  const behind = readersOf(graph, node);
  const [only] = behind;
  const clip = behind.length === 1 && isSkippable(graph, only!) ? only : undefined;
  const quantizers = (clip === undefined ? behind : readersOf(graph, clip)).filter(isQuantizer);
  if (clip !== undefined) {
    const scale = quantizers.length === 1 ? tensorScaleOf(graph, quantizers[0]!) : undefined;
    if (scale === undefined) return `${clip.opType} stands between the operator and a quantizer`;
    if (!isMadeRedundant(graph, clip, scale)) return `${clip.opType} cuts off more than its quantizer does`;
  }
  return {
    graph,
    node,
    sources,
    dequantizers,
    clip,
    quantizers,
    inputTypes: dequantizers.map((source) => codeTypeOf(graph, source)),
    outputTypes: quantizers.map((quantizer) => codeTypeOf(graph, quantizer)),
  };
}

function isSkippable(graph: WorkGraph, node: Node): boolean {
  if (node.opType !== 'Relu' && node.opType !== 'Clip') return false;
  return graph.onlyReader(node.outputs[0]!) !== undefined;
}

/** The readers of a node's outputs, once for each place. */
export function readersOf(graph: WorkGraph, node: Node): readonly Node[] {
  return node.outputs.flatMap((output) => (output === '' ? [] : graph.readers(output)));
}

/** How many inputs or outputs are there. */
export function presentCount(names: readonly string[]): number {
  return names.filter((name) => name !== '').length;
}
