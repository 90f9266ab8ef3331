import { type GraphView, type Model, type Node, subgraphsOf, type Tensor, valuesOf } from '../ir/index.ts';
import { constantOf, constantSource, isPure } from '../ops/index.ts';
import { placeOf, type Scope, scopesOf } from './graphs.ts';
import { isDequantize, isQuantize, type Quantization, readQuantization } from './quantization.ts';

/**
 * What a quantizer is for.
 *
 * `activation`: a computed value goes through Q and DQ · `weight`: a constant does, or is stored quantized · `bias`: a
 * constant stored as int32 · `requantize`: Q reads what a DQ just made · `quantize-only`: nobody dequantizes it again ·
 * `dequantize-only`: the quantized value comes from elsewhere (an input, an integer operator).
 */
export type QuantizerKind =
  | 'activation'
  | 'weight'
  | 'bias'
  | 'requantize'
  | 'quantize-only'
  | 'dequantize-only';

/** A QuantizeLinear with the DequantizeLinear nodes that read it, or a DequantizeLinear alone. */
export interface QuantizerPair extends Omit<Quantization, 'node'> {
  /** Name of the float value that is quantized, or of the constant or value that is dequantized. */
  readonly tensor: string;
  readonly kind: QuantizerKind;
  readonly quantize: Node | undefined;
  readonly dequantize: readonly Node[];
  /** Names of the nodes that read the result (their first output where they have no name) and of graph outputs. */
  readonly readers: readonly string[];
  /** The graph the quantizer is in, as errors give it. */
  readonly path: string;
}

/** Every QuantizeLinear and DequantizeLinear of a model, subgraphs and functions included. */
export function quantizersOf(model: Model): readonly Quantization[] {
  return scopesOf(model).flatMap(({ graph, view }) =>
    graph.nodes
      .filter((node) => isQuantize(node) || isDequantize(node))
      .map((node) => readQuantization(view, node)),
  );
}

/**
 * The quantizers of a model as pairs, in graph order: each QuantizeLinear with all DequantizeLinear nodes that read it,
 * and each DequantizeLinear without one. Scales computed from constants by exporter clutter are `undefined` until the
 * model is folded; the kind is right all the same.
 */
export function pairsOf(model: Model): readonly QuantizerPair[] {
  return scopesOf(model).flatMap(pairsIn);
}

/** Scale values as numbers; `undefined` when the scale is no constant. */
export function scaleValues(pair: Pick<Quantization, 'scale'>): readonly number[] | undefined {
  return pair.scale && numbersOf(pair.scale);
}

/** Zero points as numbers; `undefined` when they are no constant. */
export function zeroPointValues(pair: Pick<Quantization, 'zeroPoint'>): readonly number[] | undefined {
  return pair.zeroPoint && numbersOf(pair.zeroPoint);
}

function pairsIn({ graph, view, path }: Scope): readonly QuantizerPair[] {
  const derived = constantDerivation(view);
  const pairs: QuantizerPair[] = [];
  for (const node of graph.nodes) {
    if (isQuantize(node)) pairs.push(quantizePair(view, node, derived, path));
    if (isDequantize(node) && !isReadFromQuantize(view, node))
      pairs.push(dequantizePair(view, node, derived, path));
  }
  return pairs;
}

function quantizePair(
  view: GraphView,
  node: Node,
  derived: (value: string) => boolean,
  path: string,
): QuantizerPair {
  const { node: _, ...facts } = readQuantization(view, node);
  const x = node.inputs[0] ?? '';
  const y = node.outputs[0] ?? '';
  const dequantize = view
    .uses(y)
    .filter((use) => use.index === 0 && isDequantize(use.node))
    .map((use) => use.node);
  const before = view.producer(x);
  const kind = derived(x)
    ? 'weight'
    : dequantize.length === 0
      ? 'quantize-only'
      : before !== undefined && isDequantize(before)
        ? 'requantize'
        : 'activation';
  const results = dequantize.length === 0 ? [y] : dequantize.map((reader) => reader.outputs[0] ?? '');
  return { ...facts, tensor: x, kind, quantize: node, dequantize, readers: readersOf(view, results), path };
}

function dequantizePair(
  view: GraphView,
  node: Node,
  derived: (value: string) => boolean,
  path: string,
): QuantizerPair {
  const { node: _, ...facts } = readQuantization(view, node);
  const x = node.inputs[0] ?? '';
  const kind = !derived(x) ? 'dequantize-only' : facts.dtype === 'int32' ? 'bias' : 'weight';
  const tensor = constantSource(view, x)?.storedAs ?? x;
  const readers = readersOf(view, [node.outputs[0] ?? '']);
  return { ...facts, tensor, kind, quantize: undefined, dequantize: [node], readers, path };
}

function isReadFromQuantize(view: GraphView, node: Node): boolean {
  const producer = view.producer(node.inputs[0] ?? '');
  return producer !== undefined && isQuantize(producer);
}

function readersOf(view: GraphView, values: readonly string[]): readonly string[] {
  const names = values.flatMap((value) => [
    ...view.uses(value).map((use) => placeOf(use.node)),
    ...(view.isOutput(value) ? [value] : []),
  ]);
  return [...new Set(names)];
}

/** Answers whether a value is computed from constants by pure operators alone; each value is looked at once. */
function constantDerivation(view: GraphView): (value: string) => boolean {
  const known = new Map<string, boolean>();
  const opset = view.opset('');
  return (value) => {
    const pending = [value];
    const open = new Set<string>();
    for (let name = pending.at(-1); name !== undefined; name = pending.at(-1)) {
      const producer = view.producer(name);
      if (producer === undefined || view.initializer(name) || view.input(name))
        known.set(name, constantOf(view, name) !== undefined);
      else if (!isPure(producer, opset) || subgraphsOf(producer).length > 0) known.set(name, false);
      const next = known.has(name) ? undefined : nextInput(producer!, known, open);
      if (next !== undefined) {
        open.add(name);
        pending.push(next);
      } else {
        if (!known.has(name))
          known.set(
            name,
            present(producer!).every((input) => known.get(input) === true),
          );
        pending.pop();
      }
    }
    return known.get(value)!;
  };
}

/** An input nothing is known of yet, unless another input has settled the question or the graph is cyclic. */
function nextInput(
  node: Node,
  known: ReadonlyMap<string, boolean>,
  open: ReadonlySet<string>,
): string | undefined {
  const inputs = present(node);
  if (inputs.some((input) => known.get(input) === false)) return undefined;
  return inputs.find((input) => !known.has(input) && !open.has(input));
}

function present(node: Node): readonly string[] {
  return node.inputs.filter((input) => input !== '');
}

function numbersOf(tensor: Tensor): readonly number[] {
  return Array.from(valuesOf(tensor), Number);
}
