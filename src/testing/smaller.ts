import { validate } from '../analysis/index.ts';
import { type Graph, type Node, subgraphsOf } from '../ir/index.ts';
import type { Case } from './matching.ts';
import { simplerElements } from './smaller/elements.ts';
import { smallerInside } from './smaller/inside.ts';
import { shorterAxes } from './smaller/lengths.ts';
import { fewerNodes, fewerParts } from './smaller/nodes.ts';
import { plainer } from './smaller/plainer.ts';

/** One way of making a case smaller: the cases it may become, boldest first. Not all of them are valid. */
export type Shrinker = (one: Case) => Iterable<Case>;

/** Ways to make a case smaller, in the order they pay. */
const shrinkers: readonly Shrinker[] = [
  shrinking(fewerNodes),
  shrinking(smallerInside),
  shrinking(shorterAxes),
  shrinking(fewerParts),
  plainer,
  simplerElements,
];

/** Only the cases that are smaller, so that no two ways undo each other for ever. */
function shrinking(shrinker: Shrinker): Shrinker {
  return function* smaller(one: Case): Iterable<Case> {
    const size = sizeOf(one);
    for (const other of shrinker(one)) if (isLess(sizeOf(other), size)) yield other;
  };
}

/** What counts, first things first: runs, nodes, what they read and make, inputs and constants, elements, axes. */
function sizeOf({ model, samples }: Case): readonly number[] {
  const { outputs, inputs, initializers } = model.graph;
  const nodes = nodesIn(model.graph);
  const tensors = [...initializers, ...samples.flatMap((run) => [...run.values()])];
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return [
    samples.length,
    nodes.length,
    sum(nodes.map((node) => node.inputs.length + node.outputs.length)) + outputs.length,
    inputs.length + initializers.length,
    sum(tensors.map(({ size }) => size)),
    sum(tensors.map(({ dims }) => dims.length)),
  ];
}

/** Nodes of a graph and of those inside it. */
function nodesIn(graph: Graph): readonly Node[] {
  return graph.nodes.flatMap((node) => [node, ...subgraphsOf(node).flatMap(nodesIn)]);
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, position) => value !== b[position]);
  return i >= 0 && a[i]! < b[i]!;
}

/**
 * Every valid case that is one step smaller: a node, an input, an output or an element less, or something said more
 * simply.
 */
export function* smallerCases(one: Case): Iterable<Case> {
  for (const shrinker of shrinkers) {
    for (const other of shrinker(one)) if (isValid(other)) yield other;
  }
}

/**
 * Makes a case as small as it gets while it fails: none of the cases one step smaller does any more, unless `most`
 * cases were tried before.
 */
export function shrinkCase(one: Case, fails: (one: Case) => boolean, most = 4000): Case {
  let best = one;
  let left = most;
  let isSmaller = true;
  while (isSmaller && left > 0) {
    isSmaller = false;
    for (const shrinker of shrinkers) {
      for (let next = step(shrinker); next !== undefined; next = step(shrinker)) {
        best = next;
        isSmaller = true;
      }
    }
  }
  return best;

  function step(shrinker: Shrinker): Case | undefined {
    for (const other of shrinker(best)) {
      if (left-- <= 0) return undefined;
      if (isValid(other) && fails(other)) return other;
    }
    return undefined;
  }
}

/** Whether a case is one that a rule may be asked about. */
export function isValid({ model }: Case): boolean {
  return validate(model, { strict: true }).every(({ severity }) => severity !== 'error');
}
