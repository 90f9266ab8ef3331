import type { GraphView, Node } from '../../ir/index.ts';
import { constantOf, copiesElements, floatAttribute, normalDomain } from '../../ops/index.ts';
import { gridOf, quantizersOn, rangeOf, rootOf } from './grids.ts';

/** Numbers between which a value always is, whatever the model is fed. */
export type Bounds = readonly [low: number, high: number];

const anything: Bounds = [-Infinity, Infinity];

/** Smallest value of x · sigmoid(x), at x = −1.2785. */
const lowestSilu = -0.27846454276107374;

/** How far up the graph bounds are looked for. */
const longestWay = 100;

/**
 * Bounds of a value by the operators that make it: a Relu is never negative, a SiLU never below −0.2785. Quantizers on
 * the way are looked through: what they round is on the same side of zero.
 */
export function boundsOf(view: GraphView, value: string): Bounds {
  const find = (name: string, depth: number): Bounds => {
    const root = rootOf(view, name);
    const node = view.producer(root);
    if (node === undefined || normalDomain(node.domain) !== '' || depth === longestWay) return anything;
    if (copiesElements(node) || keepsRange.has(node.opType)) return find(node.inputs[0] ?? '', depth + 1);
    if (node.opType === 'Concat') return widest(node.inputs.map((input) => find(input, depth + 1)));
    if (node.opType === 'Add') return sumOf(node.inputs.map((input) => find(input, depth + 1)));
    if (node.opType === 'Clip') return clipped(view, node, find(node.inputs[0] ?? '', depth + 1));
    const gated = siluInput(view, node);
    if (gated !== undefined) return [lowestSilu, Math.max(0, find(gated, depth + 1)[1])];
    if (node.opType === 'Relu') return [0, Math.max(0, find(node.inputs[0] ?? '', depth + 1)[1])];
    return fixed.get(node.opType) ?? anything;
  };
  return find(value, 0);
}

/** Operators that make no number beyond those of their first input. */
const keepsRange: ReadonlySet<string> = new Set([
  'MaxPool',
  'GlobalMaxPool',
  'AveragePool',
  'GlobalAveragePool',
]);

const fixed: ReadonlyMap<string, Bounds> = new Map([
  ['Sigmoid', [0, 1]],
  ['HardSigmoid', [0, 1]],
  ['Softmax', [0, 1]],
  ['Tanh', [-1, 1]],
  ['HardSwish', [-0.375, Infinity]],
  ['Abs', [0, Infinity]],
  ['Sqrt', [0, Infinity]],
  ['Exp', [0, Infinity]],
]);

/** The x of x · sigmoid(x); `undefined` for any other node. */
export function siluInput(view: GraphView, node: Node): string | undefined {
  if (node.opType !== 'Mul' || normalDomain(node.domain) !== '') return undefined;
  const [a = '', b = ''] = node.inputs.map((input) => rootOf(view, input));
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    const sigmoid = view.producer(gate);
    if (sigmoid?.opType === 'Sigmoid' && rootOf(view, sigmoid.inputs[0] ?? '') === x) return x;
  }
  return undefined;
}

/** Bounds of a Clip or Relu whose bounds are constants; `undefined` for any other node. */
export function clipBounds(view: GraphView, node: Node): Bounds | undefined {
  if (normalDomain(node.domain) !== '') return undefined;
  if (node.opType === 'Relu') return [0, Infinity];
  if (node.opType !== 'Clip') return undefined;
  if ((view.opset('') ?? 0) < 11)
    return [floatAttribute(node, 'min', -Infinity), floatAttribute(node, 'max', Infinity)];
  const [low, high] = [1, 2].map((index) => {
    const name = node.inputs[index] ?? '';
    if (name === '') return index === 1 ? -Infinity : Infinity;
    return constantOf(view, name)?.toTypedArray()[0];
  });
  return low === undefined || high === undefined ? undefined : [Number(low), Number(high)];
}

function clipped(view: GraphView, node: Node, [low, high]: Bounds): Bounds {
  const bounds = clipBounds(view, node);
  if (bounds === undefined) return [low, high];
  return [Math.min(Math.max(low, bounds[0]), bounds[1]), Math.max(Math.min(high, bounds[1]), bounds[0])];
}

function sumOf(all: readonly Bounds[]): Bounds {
  return [all.reduce((sum, [low]) => sum + low, 0), all.reduce((sum, [, high]) => sum + high, 0)];
}

function widest(all: readonly Bounds[]): Bounds {
  return [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))];
}

/**
 * Whether all inputs of a Concat may be negative, or none: the engine joins codes of different grids, and a grid below
 * zero for what a Relu makes would keep that Relu from the convolution in front of it.
 */
export function isOfOneSign(view: GraphView, { inputs }: Node): boolean {
  const positive = inputs.filter((input) => {
    const root = rootOf(view, input);
    const grids = quantizersOn(view, root).flatMap((quantize) => gridOf(view, quantize) ?? []);
    return boundsOf(view, root)[0] >= 0 || grids.some((grid) => rangeOf(grid)[0] === 0);
  });
  return positive.length === 0 || positive.length === inputs.length;
}
