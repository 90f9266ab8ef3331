import type { Tensor } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, doublesOf, fromTensor, makeArray, numbersOf } from '../array.ts';
import { kernel } from '../kernel.ts';

/** How the leaves that trees end at become one number per target. */
const aggregates = new Map<number, (sum: number, weight: number) => number>([
  [0, (sum, weight) => sum + weight],
  [1, (sum, weight) => sum + weight],
  [2, Math.min],
  [3, Math.max],
]);

const postTransforms = new Map<number, (scores: Float64Array) => void>([
  [0, () => undefined],
  [1, (scores) => softmax(scores, () => true)],
  [2, (scores) => scores.set(scores.map((score) => 1 / (1 + Math.exp(-score))))],
  [3, (scores) => softmax(scores, (score) => score !== 0)],
]);

/** Comparisons by the codes of `nodes_modes`; 6 asks whether the value is in a set. */
const comparisons: readonly ((x: number, split: number) => boolean)[] = [
  (x, split) => x <= split,
  (x, split) => x < split,
  (x, split) => x >= split,
  (x, split) => x > split,
  (x, split) => x === split,
  (x, split) => x !== split,
];
const isMember = 6;

/**
 * Sends each row down every tree and puts the weights of the leaves together. Nodes are numbered over all trees, leaves
 * too; the sets of nodes that ask for membership follow each other in `membership_values`, a NaN behind each.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
 */
export const treeEnsemble = kernel<string>('TreeEnsemble', {
  domain: 'ai.onnx.ml',
  versions: [5],
  types: 'T -> T',
  where: { T: ['float32', 'float64', 'float16'] },
  check({ attributes }) {
    const { aggregate_function: aggregate = 1, post_transform: post = 0 } = attributes;
    if (!aggregates.has(aggregate as number))
      throw new ModelError('unsupported-attribute', `TreeEnsemble has no aggregate_function ${aggregate}.`);
    if (!postTransforms.has(post as number))
      throw new ModelError('unsupported-attribute', `TreeEnsemble is not run with post_transform ${post}.`, {
        fix: 'It is run with 0 (none), 1 (softmax), 2 (logistic) and 3 (softmax_zero).',
      });
  },
  run({ attributes, inputs: [x] }) {
    if (x!.dims.length !== 2)
      throw new ModelError('shape-mismatch', `TreeEnsemble takes [rows, features], not [${x!.dims}].`);
    const forest = readForest(attributes as unknown as ForestAttributes);
    const { targets, roots, leafTargets, leafWeights, aggregate } = forest;
    const add = aggregates.get(aggregate)!;
    const finish = postTransforms.get((attributes['post_transform'] as number | undefined) ?? 0)!;
    const [rows, width] = x!.dims as [number, number];
    const source = numbersOf(x!);
    const target = allocateNumbers(x!.dtype, [rows, targets]);
    for (let row = 0; row < rows; row++) {
      const scores = new Float64Array(targets);
      const met = new Set<number>();
      for (const root of roots) {
        const leaf = leafOf(forest, root, (feature) => source[row * width + feature]!);
        const to = leafTargets[leaf]!;
        scores[to] = met.has(to) ? add(scores[to]!, leafWeights[leaf]!) : leafWeights[leaf]!;
        met.add(to);
      }
      if (aggregate === 0) scores.set(scores.map((score) => score / roots.length));
      finish(scores);
      target.set(scores, row * targets);
    }
    return makeArray(x!.dtype, [rows, targets], target);
  },
});

interface ForestAttributes {
  readonly aggregate_function?: number;
  readonly leaf_targetids: readonly number[];
  readonly leaf_weights: Tensor;
  readonly membership_values?: Tensor;
  readonly n_targets: number;
  readonly nodes_falseleafs: readonly number[];
  readonly nodes_falsenodeids: readonly number[];
  readonly nodes_featureids: readonly number[];
  readonly nodes_missing_value_tracks_true?: readonly number[];
  readonly nodes_modes: Tensor;
  readonly nodes_splits: Tensor;
  readonly nodes_trueleafs: readonly number[];
  readonly nodes_truenodeids: readonly number[];
  readonly tree_roots: readonly number[];
}

interface Branch {
  readonly node: number;
  readonly leaf: boolean;
}

interface TreeNode {
  readonly feature: number;
  readonly asks: (x: number) => boolean;
  readonly yes: Branch;
  readonly no: Branch;
}

interface Forest {
  readonly nodes: readonly TreeNode[];
  readonly roots: readonly number[];
  readonly targets: number;
  readonly leafTargets: readonly number[];
  readonly leafWeights: Float64Array;
  readonly aggregate: number;
}

function readForest(given: ForestAttributes): Forest {
  for (const name of [
    'leaf_targetids',
    'leaf_weights',
    'nodes_falseleafs',
    'nodes_falsenodeids',
    'nodes_featureids',
    'nodes_modes',
    'nodes_splits',
    'nodes_trueleafs',
    'nodes_truenodeids',
    'tree_roots',
  ] as const) {
    if (given[name] === undefined)
      throw new ModelError('missing-attribute', `TreeEnsemble needs the attribute "${name}".`);
  }
  const modes = doublesOf(fromTensor(given.nodes_modes));
  const splits = doublesOf(fromTensor(given.nodes_splits));
  const sets = membersOf(given.membership_values);
  const tracked = given.nodes_missing_value_tracks_true;
  let set = 0;
  const nodes = Array.from(modes, (mode, i): TreeNode => {
    const members = mode === isMember ? sets[set++] : undefined;
    const compare = members ? (x: number) => members.has(x) : comparisonOf(mode, splits[i]!);
    const missing = tracked?.[i] === 1;
    return {
      feature: given.nodes_featureids[i]!,
      asks: missing ? (x) => Number.isNaN(x) || compare(x) : compare,
      yes: { node: given.nodes_truenodeids[i]!, leaf: given.nodes_trueleafs[i] === 1 },
      no: { node: given.nodes_falsenodeids[i]!, leaf: given.nodes_falseleafs[i] === 1 },
    };
  });
  return {
    nodes,
    roots: given.tree_roots,
    targets: given.n_targets ?? 1,
    leafTargets: given.leaf_targetids,
    leafWeights: doublesOf(fromTensor(given.leaf_weights)),
    aggregate: given.aggregate_function ?? 1,
  };
}

function comparisonOf(mode: number, split: number): (x: number) => boolean {
  const compare = comparisons[mode];
  if (compare === undefined)
    throw new ModelError('unsupported-attribute', `TreeEnsemble has no node mode ${mode}.`);
  return (x) => compare(x, split);
}

function membersOf(values: Tensor | undefined): Set<number>[] {
  const sets = [new Set<number>()];
  for (const value of values === undefined ? [] : doublesOf(fromTensor(values))) {
    if (Number.isNaN(value)) sets.push(new Set());
    else sets.at(-1)!.add(value);
  }
  return sets;
}

/** The leaf a row ends at. A path that is longer than there are nodes goes round in circles. */
function leafOf({ nodes, leafWeights }: Forest, root: number, read: (feature: number) => number): number {
  let at: Branch = { node: root, leaf: false };
  for (let steps = 0; !at.leaf; steps++) {
    const node = nodes[at.node];
    if (node === undefined || steps > nodes.length)
      throw new ModelError('value-out-of-range', `The tree from node ${root} on has no leaf on this path.`);
    at = node.asks(read(node.feature)) ? node.yes : node.no;
  }
  if (at.node < leafWeights.length) return at.node;
  throw new ModelError('value-out-of-range', `There is no leaf ${at.node} among ${leafWeights.length}.`);
}

function softmax(scores: Float64Array, counts: (score: number) => boolean): void {
  let top = -Infinity;
  for (const score of scores) if (counts(score)) top = Math.max(top, score);
  let sum = 0;
  for (const score of scores) if (counts(score)) sum += Math.exp(score - top);
  scores.forEach((score, i) => {
    if (counts(score)) scores[i] = Math.exp(score - top) / sum;
  });
}
