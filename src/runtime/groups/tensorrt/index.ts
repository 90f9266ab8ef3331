import { type Node, sortNodes } from '../../../ir/index.ts';
import { normalDomain } from '../../../ops/index.ts';
import { foldConstants } from '../constants.ts';
import { factsOf } from '../facts.ts';
import type { IntegerGroup, LeftNode } from '../group.ts';
import { mergeEqualQuantizers } from '../onnxruntime/merge-equal.ts';
import { isDequantizer, isQuantizer } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';
import { commuting, propagateCodes } from './propagate.ts';
import { isBesidePair, quantizableGroup } from './quantizable.ts';
import { quantizableRules, tensorRtRules } from './rules.ts';
import { type Surroundings, weightedGroup } from './weighted.ts';

/**
 * Fuses what TensorRT fuses: codes are moved as far as they go, then convolutions and products take in what follows them,
 * then Add, Mul and average pools between codes become operators on codes.
 */
export function fuseForTensorRt(graph: WorkGraph): {
  readonly groups: readonly IntegerGroup[];
  readonly left: readonly LeftNode[];
} {
  foldConstants(graph);
  mergeEqualQuantizers(graph);
  propagateCodes(graph);
  const nodes = graph.nodes();
  const order = new Map(nodes.flatMap(({ outputs }, i) => outputs.map((output) => [output, i] as const)));
  const at: Surroundings = { graph, facts: factsOf(graph), order };
  const groups: IntegerGroup[] = [];
  const reasons = new Map<Node, LeftNode>();
  for (const node of nodes) takeWeighted(at, node, groups, reasons);
  for (const node of sortNodes(graph.session.nodes())) takeQuantizable(graph, node, groups, reasons);
  return { groups, left: [...reasons.values(), ...unknownNodes(graph)] };
}

function takeWeighted(
  at: Surroundings,
  node: Node,
  groups: IntegerGroup[],
  reasons: Map<Node, LeftNode>,
): void {
  const { graph } = at;
  if (!tensorRtRules.some(({ operators }) => operators.includes(node.opType)) || !isStandard(graph, node))
    return;
  const group = weightedGroup(at, node);
  const [target] = graph.sourcesOf(node) as [Node];
  if (typeof group === 'string') {
    if (isBesidePair(graph, node))
      reasons.set(node, { node: target, rule: node.opType.toLowerCase(), why: group });
    return;
  }
  groups.push(replace(graph, group.rule.name, target, group.nodes, group.fused));
}

function takeQuantizable(
  graph: WorkGraph,
  node: Node,
  groups: IntegerGroup[],
  reasons: Map<Node, LeftNode>,
): void {
  const rule = quantizableRules.find(({ operators }) => operators.includes(node.opType));
  if (rule === undefined || !isStandard(graph, node)) return;
  const group = quantizableGroup(graph, node);
  const [target] = graph.sourcesOf(node) as [Node];
  if (typeof group === 'string') {
    if (isBesidePair(graph, node)) reasons.set(node, { node: target, rule: rule.name, why: group });
    return;
  }
  groups.push(replace(graph, rule.name, target, group.nodes, group.fused));
}

function replace(
  graph: WorkGraph,
  rule: string,
  target: Node,
  nodes: readonly Node[],
  fused: Node,
): IntegerGroup {
  const sources = [...new Set(nodes.flatMap((node) => graph.sourcesOf(node)))];
  graph.remove(...nodes);
  graph.add(fused, sources);
  return { rule, becomes: fused.opType, target, nodes: sources, fused };
}

function isStandard(graph: WorkGraph, node: Node): boolean {
  return (
    graph.session.has(node) && normalDomain(node.domain) === '' && graph.session.function(node) === undefined
  );
}

/** Operators beside codes that no rule is about. */
function unknownNodes(graph: WorkGraph): LeftNode[] {
  const known = new Set([...tensorRtRules, ...quantizableRules].flatMap(({ operators }) => operators));
  return graph.nodes().flatMap((node) => {
    if (isQuantizer(node) || isDequantizer(node) || !isStandard(graph, node) || known.has(node.opType))
      return [];
    if (!isBesidePair(graph, node)) return [];
    const why = commuting.has(node.opType)
      ? 'codes pass it only where all that it reads, or all that reads it, has one scale'
      : `${node.opType} runs on real numbers in TensorRT`;
    return [{ node: graph.sourcesOf(node)[0]!, rule: undefined, why }];
  });
}
