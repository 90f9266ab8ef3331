import type { Node } from '../../../ir/index.ts';
import { findSchema, normalDomain } from '../../../ops/index.ts';
import { foldConstants } from '../constants.ts';
import type { IntegerGroup, LeftNode } from '../group.ts';
import { isDequantizer, isQuantizer } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';
import { removeRedundantActivations } from './activations.ts';
import { candidateOf } from './candidate.ts';
import { removeUndonePairs } from './clean-up.ts';
import type { OnnxRuntimeOptions } from './conditions.ts';
import { mergeDoublePairs } from './double-pairs.ts';
import { fuseDynamicProducts } from './dynamic.ts';
import { joinReshapes } from './join-reshapes.ts';
import { joinTransposes } from './join-transposes.ts';
import { fuseMatMulAdd, keepAttention } from './matmul-add.ts';
import { mergeEqualNodes } from './merge-equal.ts';
import { propagatePairs } from './propagate.ts';
import { type GroupRule, onnxRuntimeRules } from './rules.ts';
import { makeCodesUnsigned } from './signed-codes.ts';
import { transposeConstants } from './transpose-constants.ts';
import { copyDequantizers } from './unique-dequantizers.ts';
import { quantizeConstants } from './weights-and-bias.ts';
import { quantizeWhereConstants } from './where.ts';

/** How often a level is repeated as long as it changes something. */
const rounds = 10;

/** Fuses what ONNX Runtime fuses, in its order: first the pairs are put where they serve, then operators are taken. */
export function fuseForOnnxRuntime(
  graph: WorkGraph,
  options: OnnxRuntimeOptions,
): { readonly groups: readonly IntegerGroup[]; readonly left: readonly LeftNode[] } {
  copyDequantizers(graph);
  for (let round = 0; round < rounds && preparePairs(graph); round++);
  const fuseKept = keepAttention(graph);
  const groups: IntegerGroup[] = [];
  for (let round = 0; round < rounds && fuseGroups(graph, options, groups); round++);
  fuseKept();
  return { groups, left: leftNodes(graph, options) };
}

function preparePairs(graph: WorkGraph): boolean {
  const steps = [
    foldConstants,
    mergeDoublePairs,
    mergeEqualNodes,
    fuseMatMulAdd,
    joinReshapes,
    propagatePairs,
    quantizeConstants,
    quantizeWhereConstants,
    transposeConstants,
    joinTransposes,
    copyDequantizers,
  ];
  return steps.filter((step) => step(graph)).length > 0;
}

function fuseGroups(graph: WorkGraph, options: OnnxRuntimeOptions, groups: IntegerGroup[]): boolean {
  let changed = removeRedundantActivations(graph);
  changed = removeUndonePairs(graph) || changed;
  if (!options.int8) changed = makeCodesUnsigned(graph) || changed;
  for (const { outputs } of graph.nodes()) {
    const node = graph.producer(outputs.find((output) => output !== ''));
    if (node === undefined) continue;
    const group = takeGroup(graph, node, options);
    if (group === undefined) continue;
    groups.push(group);
    changed = true;
  }
  const dynamic = fuseDynamicProducts(graph, ({ rule, target, nodes, fused }) => {
    const sources = nodes.flatMap((node) => graph.sourcesOf(node));
    graph.remove(...nodes);
    graph.add(fused, sources);
    groups.push({ rule, becomes: fused.opType, target, nodes: sources, fused });
  });
  return removeUndonePairs(graph) || dynamic || changed;
}

function takeGroup(graph: WorkGraph, node: Node, options: OnnxRuntimeOptions): IntegerGroup | undefined {
  const rules = rulesFor(graph, node);
  if (rules.length === 0) return undefined;
  const candidate = candidateOf(graph, node);
  if (typeof candidate === 'string') return undefined;
  for (const rule of rules) {
    if (rule.conditions.some(({ fails }) => fails(candidate, options))) continue;
    const fused = rule.fuse(candidate);
    const kept = rule.keeps?.(candidate) ?? [];
    const { dequantizers, clip, quantizers } = candidate;
    const taken = dequantizers.filter((source) => !kept.includes(source));
    const nodes = [...taken, node, ...(clip === undefined ? [] : [clip]), ...quantizers];
    const sources = nodes.flatMap((each) => graph.sourcesOf(each));
    const [target = node] = graph.sourcesOf(node);
    graph.remove(...nodes);
    graph.add(fused, sources);
    return { rule: rule.name, becomes: fused.opType, target, nodes: sources, fused };
  }
  return undefined;
}

function rulesFor(graph: WorkGraph, node: Node): readonly GroupRule[] {
  if (normalDomain(node.domain) !== '' || graph.session.function(node) !== undefined) return [];
  const since = findSchema('', node.opType, graph.session.opset('') ?? 0)?.since;
  return onnxRuntimeRules.filter(
    ({ operators, versions }) =>
      operators.includes(node.opType) &&
      (versions === undefined || (since !== undefined && versions.includes(since))),
  );
}

/** Operators beside a quantizer or dequantizer that no rule has taken, and why. */
function leftNodes(graph: WorkGraph, options: OnnxRuntimeOptions): LeftNode[] {
  const left: LeftNode[] = [];
  for (const node of graph.nodes()) {
    if (isQuantizer(node) || isDequantizer(node) || !isBesidePair(graph, node)) continue;
    const [source = node] = graph.sourcesOf(node);
    const rules = rulesFor(graph, node);
    const candidate = candidateOf(graph, node);
    const rule = rules[0];
    left.push({ node: source, rule: rule?.name, why: reasonFor(rules, candidate, options, node) });
  }
  return left;
}

function reasonFor(
  rules: readonly GroupRule[],
  candidate: ReturnType<typeof candidateOf>,
  options: OnnxRuntimeOptions,
  node: Node,
): string {
  if (rules.length === 0) return `ONNX Runtime has no integer form of ${node.opType} in this version`;
  if (typeof candidate === 'string') return candidate;
  for (const { fails } of rules[0]!.conditions) {
    const reason = fails(candidate, options);
    if (reason) return reason;
  }
  return 'it fits its rule, but came up only after the last round';
}

function isBesidePair(graph: WorkGraph, node: Node): boolean {
  if (node.inputs.some((input) => isDequantizer(graph.producer(input)))) return true;
  return node.outputs.some(
    (output) => output !== '' && graph.readers(output).some((reader) => isQuantizer(reader)),
  );
}
