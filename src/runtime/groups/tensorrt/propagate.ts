import type { Node } from '../../../ir/index.ts';
import { intAttribute, normalDomain, stringAttribute } from '../../../ops/index.ts';
import { numberOf } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { onlyQuantizer, symmetricScale, symmetricSource } from './scales.ts';

/** How an operator lets quantizers pass that have a positive scale and no zero point. */
interface Commuting {
  /** Which inputs are data; the first unless given. */
  readonly data?: 'all';
  readonly holds?: (graph: WorkGraph, node: Node) => boolean;
}

/** Operators that give the same codes from codes as from the numbers they stand for. */
export const commuting: ReadonlyMap<string, Commuting> = new Map<string, Commuting>([
  ['Reshape', {}],
  ['Transpose', {}],
  ['Flatten', {}],
  ['Squeeze', {}],
  ['Unsqueeze', {}],
  ['Slice', {}],
  ['Split', {}],
  ['Concat', { data: 'all' }],
  [
    'MaxPool',
    {
      holds: (graph, node) =>
        node.outputs.length === 1 &&
        (graph.session.opset('') ?? 0) >= 12 &&
        (
          node.attributes.find(({ name }) => name === 'dilations')?.value as readonly bigint[] | undefined
        )?.every((dilation) => dilation === 1n) !== false,
    },
  ],
  ['Pad', { holds: isZeroPad }],
]);

function isZeroPad(graph: WorkGraph, node: Node): boolean {
  if ((graph.session.opset('') ?? 0) < 13) return false;
  if (stringAttribute(node, 'mode', 'constant') !== 'constant') return true;
  const value = graph.constant(node.inputs[2]);
  return (node.inputs[2] ?? '') === '' || (value?.size === 1 && numberOf(value) === 0);
}

/**
 * Quantizers move back and dequantizers forward over operators that let them pass, and pairs that undo each other go: codes
 * reach from one computing operator to the next.
 */
export function propagateCodes(graph: WorkGraph): boolean {
  let changed = false;
  for (let moved = true; moved; changed ||= moved) {
    moved = false;
    for (const { outputs } of graph.nodes().toReversed()) {
      const node = graph.producer(outputs.find((output) => output !== ''));
      if (node !== undefined && commutes(graph, node)) moved = quantizeBefore(graph, node) || moved;
    }
    for (const { outputs } of graph.nodes()) {
      const node = graph.producer(outputs.find((output) => output !== ''));
      if (node !== undefined && commutes(graph, node)) moved = dequantizeAfter(graph, node) || moved;
    }
    moved = removeUndone(graph) || moved;
  }
  return changed;
}

function commutes(graph: WorkGraph, node: Node): boolean {
  const rule = normalDomain(node.domain) === '' ? commuting.get(node.opType) : undefined;
  return rule !== undefined && (rule.holds?.(graph, node) ?? true);
}

/** Positions of the inputs that are data. */
function dataInputs(node: Node): readonly number[] {
  return commuting.get(node.opType)?.data === 'all' ? node.inputs.map((_, i) => i) : [0];
}

/** op → Q becomes Q → op where every output goes to a quantizer, all alike. */
function quantizeBefore(graph: WorkGraph, node: Node): boolean {
  const quantizers = node.outputs.map((output) => onlyQuantizer(graph, output));
  const [first] = quantizers;
  if (first === undefined || quantizers.includes(undefined)) return false;
  const scale = symmetricScale(graph, first);
  if (quantizers.some((quantizer) => symmetricScale(graph, quantizer!) !== scale)) return false;
  const parameters = first.inputs.slice(1);
  const codes = new Map<string, string>();
  const inputs = node.inputs.map((input, i) => {
    if (!dataInputs(node).includes(i)) return input;
    const known = codes.get(input) ?? graph.name(`${input}_q`);
    if (!codes.has(input)) {
      const quantizer = makeNode('QuantizeLinear', first.domain ?? '', [input, ...parameters], [known]);
      graph.add(quantizer, quantizers as Node[]);
    }
    codes.set(input, known);
    return known;
  });
  graph.remove(...(quantizers as Node[]));
  graph.change(node, {
    inputs: onCodes(node, inputs),
    outputs: quantizers.map((quantizer) => quantizer!.outputs[0]!),
  });
  return true;
}

/** The fill of a Pad is a real 0, which is the code 0 too and what a Pad fills with unless told. */
function onCodes({ opType }: Node, inputs: readonly string[]): readonly string[] {
  if (opType !== 'Pad' || inputs.length < 3) return inputs;
  return inputs.length === 3 ? inputs.slice(0, 2) : inputs.with(2, '');
}

/** DQ → op becomes op → DQ where all data come from dequantizers that are alike. */
function dequantizeAfter(graph: WorkGraph, node: Node): boolean {
  const data = dataInputs(node);
  const sources = data.map((i) => symmetricSource(graph, node.inputs[i]));
  const [first] = sources;
  if (first === undefined || sources.includes(undefined)) return false;
  // Weights are read where they are.
  if (graph.constant(first.inputs[0]) !== undefined) return false;
  const scale = symmetricScale(graph, first);
  if (sources.some((source) => symmetricScale(graph, source!) !== scale)) return false;
  const inputs = node.inputs.map((input, i) =>
    data.includes(i) ? sources[data.indexOf(i)]!.inputs[0]! : input,
  );
  const codes = node.outputs.map((output) => (output === '' ? '' : graph.name(`${output}_q`)));
  const reals = node.outputs;
  graph.change(node, { inputs: onCodes(node, inputs), outputs: codes });
  reals.forEach((real, i) => {
    const dequantizer = makeNode(
      'DequantizeLinear',
      first.domain ?? '',
      [codes[i]!, ...first.inputs.slice(1)],
      [real],
    );
    if (real !== '') graph.add(dequantizer, sources as Node[]);
  });
  for (const source of new Set(sources as Node[]))
    if (graph.readers(source.outputs[0]!).length === 0 && !graph.session.isOutput(source.outputs[0]!))
      graph.remove(source);
  return true;
}

/** DQ → Q of one scale: readers take the codes as they are. */
function removeUndone(graph: WorkGraph): boolean {
  let changed = false;
  for (const { opType, outputs } of graph.nodes()) {
    const quantizer = opType === 'QuantizeLinear' ? graph.producer(outputs[0]) : undefined;
    const source = symmetricSource(graph, quantizer?.inputs[0]);
    if (quantizer === undefined || source === undefined || graph.session.isOutput(outputs[0]!)) continue;
    if (symmetricScale(graph, quantizer) !== symmetricScale(graph, source)) continue;
    graph.redirect(outputs[0]!, source.inputs[0]!);
    graph.remove(quantizer);
    if (graph.readers(source.outputs[0]!).length === 0 && !graph.session.isOutput(source.outputs[0]!))
      graph.remove(source);
    changed = true;
  }
  return changed;
}

/** Group of an attribute-less depthwise test: one filter for each input channel. */
export function isDepthwise(graph: WorkGraph, node: Node): boolean {
  const group = intAttribute(node, 'group', 1);
  const weights = graph.constant(graph.producer(node.inputs[1])?.inputs[0]);
  return group > 1 && weights?.dims[1] === 1;
}
