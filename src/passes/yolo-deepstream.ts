import { isDequantize, isQuantize } from '../analysis/index.ts';
import { type Graph, type GraphView, type Model, type Node, viewOf } from '../ir/index.ts';
import { constantSource, normalDomain } from '../ops/index.ts';
import { dequantizersOf } from './scale-classes.ts';

/** Two convolutions, by module name; the first takes over the input quantizer of the second. */
export interface ModulePair {
  readonly sub: string;
  readonly major: string;
}

/** The same with the quantizers in front of the two. */
export interface QuantizerPairing extends ModulePair {
  readonly subQuantizer: Node;
  readonly majorQuantizer: Node;
}

/**
 * The pairs of convolutions that NVIDIA's YOLOv7 recipe lets share an input quantizer, in its order.
 *
 * For each Concat: the quantizer behind it, and the other quantizers of its output and of each of its inputs. For each
 * MaxPool whose first reader is a quantizer: that one, and the quantizers of its input. A convolution is called by its
 * weight initializer, less the last part of the name. Quantizers whose first reader is no convolution are passed over.
 *
 * @see https://github.com/NVIDIA-AI-IOT/yolo_deepstream/blob/main/yolov7_qat/quantization/rules.py
 */
export function yoloDeepstreamPairs(model: Model): readonly ModulePair[] {
  return pairings(model.graph, viewOf(model)).map(({ sub, major }) => ({ sub, major }));
}

export function pairings(graph: Graph, view: GraphView): readonly QuantizerPairing[] {
  return graph.nodes.flatMap((node) => {
    if (normalDomain(node.domain) !== '') return [];
    if (node.opType === 'Concat') return aroundConcat(view, node);
    return node.opType === 'MaxPool' ? aroundMaxPool(view, node) : [];
  });
}

interface Named {
  readonly name: string;
  readonly quantizer: Node;
}

function aroundConcat(view: GraphView, node: Node): readonly QuantizerPairing[] {
  const [major, ...others] = quantizersBehind(view, node.outputs[0] ?? '');
  if (major === undefined) return [];
  const before = [...new Set(node.inputs)].flatMap((input) => quantizersBehind(view, input));
  return [...others, ...before].map((sub) => paired(sub, major));
}

function aroundMaxPool(view: GraphView, node: Node): readonly QuantizerPairing[] {
  const first = view.uses(node.outputs[0] ?? '')[0]?.node;
  if (first === undefined || !isQuantize(first)) return [];
  const major = named(view, first);
  if (major === undefined) return [];
  return quantizersBehind(view, node.inputs[0] ?? '').map((sub) => paired(sub, major));
}

function paired(sub: Named, major: Named): QuantizerPairing {
  return { sub: sub.name, major: major.name, subQuantizer: sub.quantizer, majorQuantizer: major.quantizer };
}

function quantizersBehind(view: GraphView, value: string): readonly Named[] {
  const readers = view.uses(value).filter(({ node, index }) => index === 0 && isQuantize(node));
  return readers.flatMap(({ node }) => named(view, node) ?? []);
}

/** A quantizer with the name of the convolution behind its first DQ. */
function named(view: GraphView, quantizer: Node): Named | undefined {
  const dequantize = dequantizersOf(view, quantizer)[0];
  const reader = dequantize && view.uses(dequantize.outputs[0] ?? '')[0]?.node;
  if (reader === undefined || normalDomain(reader.domain) !== '') return undefined;
  if (reader.opType !== 'Conv' && reader.opType !== 'ConvTranspose') return undefined;
  const weight = weightName(view, reader.inputs[1] ?? '');
  const end = weight?.lastIndexOf('.') ?? -1;
  return end < 0 ? undefined : { name: weight!.slice(0, end), quantizer };
}

/** The initializer a weight comes from, in front of its Q and DQ. */
function weightName(view: GraphView, value: string): string | undefined {
  let name = value;
  for (const isWanted of [isDequantize, isQuantize]) {
    const producer = view.producer(name);
    if (producer !== undefined && isWanted(producer)) name = producer.inputs[0] ?? '';
  }
  return constantSource(view, name)?.storedAs;
}
