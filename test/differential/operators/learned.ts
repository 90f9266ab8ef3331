import { type DataType, type Tensor, tensor } from '../../../src/ir/index.ts';
import { exact, type Maker, type Sketch, when } from '../sketch.ts';
import { int64s, type Values } from '../values.ts';

/** Operators of ai.onnx.ml: labels, features and trees. */

const common = { domain: 'ai.onnx.ml', family: 'learned', since: 9, within: exact } as const;

type Labels = 'strings' | 'int64s' | 'floats';
const labelTypes: Readonly<Record<Labels, DataType>> = {
  strings: 'string',
  int64s: 'int64',
  floats: 'float32',
};
const labels: Readonly<Record<Labels, readonly (string | number)[]>> = {
  strings: ['', 'a', 'bc', 'ü', '0', 'Z'],
  int64s: [-1, 0, 1, 7, 2 ** 31, -(2 ** 40)],
  floats: [0, -0.5, 1, 1e30, Number.NaN, Number.POSITIVE_INFINITY],
};

/** The pairs of key and value types that ONNX Runtime has. */
const pairs: readonly (readonly [Labels, Labels])[] = [
  ['strings', 'int64s'],
  ['int64s', 'strings'],
  ['floats', 'strings'],
  ['strings', 'floats'],
  ['int64s', 'floats'],
  ['floats', 'int64s'],
  ['strings', 'strings'],
  ['int64s', 'int64s'],
  ['floats', 'floats'],
];

const fallbacks: Readonly<Record<Labels, readonly [string, string | number]>> = {
  strings: ['default_string', 'none'],
  int64s: ['default_int64', 42],
  floats: ['default_float', 2.5],
};

function labelEncoder(v: Values): Sketch {
  const [from, to] = v.pick(pairs);
  const count = v.whole(1, 5);
  const keys = v
    .order(6)
    .slice(0, count)
    .map((i) => labels[from][i]!);
  const values = keys.map(() => v.pick(labels[to].slice(0, 4)));
  const dims = v.dims(v.whole(0, 3), { longest: 30 });
  const size = dims.reduce((a, b) => a * b, 1);
  const x = tensor(
    labelTypes[from],
    dims,
    Array.from({ length: size }, () => {
      const label = v.pick(labels[from]);
      return from === 'int64s' ? BigInt(label) : label;
    }) as never,
  );
  const [name, fallback] = fallbacks[to];
  return {
    inputs: [x],
    attributes: {
      [`keys_${from}`]: keys as readonly number[],
      [`values_${to}`]: values as readonly number[],
      ...when(v.chance(0.5), { [name]: fallback }),
    },
    floats: ['keys_floats', 'values_floats', 'default_float'],
  };
}

interface Sizes {
  readonly width: number;
  readonly targets: number;
  /** The least member of a set. */
  readonly least: number;
}

interface Forest {
  readonly features: number[];
  readonly splits: number[];
  readonly modes: number[];
  readonly yes: (readonly [number, number])[];
  readonly no: (readonly [number, number])[];
  readonly missing: number[];
  readonly targets: number[];
  readonly weights: number[];
  readonly members: number[];
}

/** Adds a random tree, its nodes and leaves behind those that are there; gives the number of its root. */
function addTree(v: Values, forest: Forest, { width, targets, least }: Sizes, depth: number): number {
  const at = forest.features.length;
  const mode = v.pick([0, 0, 1, 2, 3, 4, 5, 6]);
  forest.features.push(v.below(width));
  forest.splits.push(mode === 6 ? 0 : v.whole(-4, 4) / 2);
  forest.modes.push(mode);
  forest.missing.push(v.below(2));
  // Sets are listed in the order of their nodes: before those of what is below.
  if (mode === 6)
    forest.members.push(...Array.from({ length: v.whole(1, 3) }, () => v.whole(least, 3)), Number.NaN);
  const branch = (): readonly [number, number] => {
    if (depth > 0 && v.chance(0.6)) return [addTree(v, forest, { width, targets, least }, depth - 1), 0];
    forest.targets.push(v.below(targets));
    forest.weights.push(Math.fround(v.normal()));
    return [forest.weights.length - 1, 1];
  };
  forest.yes[at] = [0, 0];
  forest.no[at] = [0, 0];
  forest.yes[at] = branch();
  forest.no[at] = branch();
  return at;
}

function treeEnsemble(v: Values): Sketch {
  const [rows, width, targets] = [v.whole(1, 4), v.whole(1, 4), v.whole(1, 3)];
  const forest: Forest = {
    features: [],
    splits: [],
    modes: [],
    yes: [],
    no: [],
    missing: [],
    targets: [],
    weights: [],
    members: [],
  };
  const post = v.pick([0, 0, 0, 1, 2, 3]);
  // Known differences are told apart: transforms by their number, and sets with negative numbers.
  const sizes = { width, targets, least: post === 0 ? -3 : 0 };
  const roots = Array.from({ length: v.whole(1, 4) }, () => addTree(v, forest, sizes, v.whole(0, 3)));
  // The engine transforms scores in float32.
  const dtype = v.pick<DataType>(['float32', 'float32', post === 0 ? 'float64' : 'float32']);
  const list = (values: readonly number[]): Tensor => tensor(dtype, [values.length], values);
  const elements = Array.from({ length: rows * width }, () =>
    v.chance(0.1) ? Number.NaN : v.chance(0.6) ? v.whole(-8, 8) / 2 : v.normal(),
  );
  return {
    inputs: [tensor(dtype, [rows, width], elements)],
    attributes: {
      aggregate_function: v.whole(0, 3),
      post_transform: post,
      n_targets: targets,
      tree_roots: roots,
      nodes_featureids: forest.features,
      nodes_splits: list(forest.splits),
      nodes_modes: tensor('uint8', [forest.modes.length], forest.modes),
      nodes_truenodeids: forest.yes.map(([node]) => node),
      nodes_trueleafs: forest.yes.map(([, leaf]) => leaf),
      nodes_falsenodeids: forest.no.map(([node]) => node),
      nodes_falseleafs: forest.no.map(([, leaf]) => leaf),
      ...when(v.chance(0.5), { nodes_missing_value_tracks_true: forest.missing }),
      leaf_targetids: forest.targets,
      leaf_weights: list(forest.weights),
      ...when(forest.members.length > 0, { membership_values: list(forest.members) }),
    },
  };
}

const numbers: readonly DataType[] = ['float32', 'float32', 'float64', 'int64', 'int32'];

export const learned: readonly Maker[] = [
  { ...common, opType: 'LabelEncoder', weight: 2, make: labelEncoder },
  {
    ...common,
    opType: 'TreeEnsemble',
    since: 21,
    weight: 2,
    // Leaves are summed up tree by tree; exponentials by another library.
    within: { kind: 'largest', ulps: 8, largest: 2 },
    make: treeEnsemble,
  },
  {
    ...common,
    opType: 'Normalizer',
    within: { kind: 'element', ulps: 4 },
    x: (v) => v.small(v.pick(numbers), v.dims(v.whole(1, 2)), -9, 9),
    make: (v, x) => ({ inputs: [x], attributes: { norm: v.pick(['MAX', 'L1', 'L2']) } }),
  },
  {
    ...common,
    opType: 'Binarizer',
    follows: ({ dtype }) => dtype === 'float32',
    x: (v) => v.any('float32', v.dims(v.whole(1, 4))),
    make: (v, x) => ({
      inputs: [x],
      attributes: when(v.chance(0.8), { threshold: v.pick([0, 0.5, 1, -1]) }),
      floats: ['threshold'],
    }),
  },
  {
    ...common,
    opType: 'ArrayFeatureExtractor',
    follows: ({ dtype, dims, size }) => numbers.includes(dtype) && dims.length > 0 && size > 0,
    x: (v) => v.any(v.pick([...numbers, 'string']), v.dims(v.whole(1, 3))),
    make: (v, x) => ({
      inputs: [x, int64s(Array.from({ length: v.whole(1, 5) }, () => v.below(x.dims.at(-1)!)))],
    }),
  },
];
