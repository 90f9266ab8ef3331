import {
  type DataType,
  findDataType,
  integerRange,
  type Model,
  type Tensor,
  type TensorType,
  tensor,
  type ValueInfo,
  viewOf,
} from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { createRandom, type Random } from '../support/random.ts';
import { type Grid, gridsAfterInput } from './quantizers.ts';

/**
 * What a generated sample is after.
 *
 * `smooth`: values that change slowly along the last two axes, as in images · `random`: values all over the range of the input's quantizer · `ties`: values on and next to the points where
 * QuantizeLinear has to round a half · `extreme`: zeros of both signs, range ends and what lies beyond, denormals.
 */
export type SampleKind = 'smooth' | 'random' | 'ties' | 'extreme';

export const sampleKinds: readonly SampleKind[] = Object.freeze(['smooth', 'random', 'ties', 'extreme']);

/** One set of inputs a model is run on. */
export interface Sample {
  readonly kind: SampleKind | 'given';
  readonly inputs: ReadonlyMap<string, Tensor>;
}

export interface GenerateOptions {
  readonly samples: number;
  readonly seed: number;
  readonly kinds: readonly SampleKind[];
  /** Lengths of symbolic dimensions by their name; 1 for the others and for unknown ones. */
  readonly dims: ReadonlyMap<string, number>;
  /** A second model whose quantizers' ties are aimed at as well. */
  readonly alsoFor?: Model;
}

/** Generated samples, and what the generator had to assume or leave out. */
export interface GeneratedSamples {
  readonly samples: readonly Sample[];
  readonly assumptions: readonly string[];
}

/** Elements a generated input may have; more is a mistake in its dims. */
const mostElements = 2 ** 28;

/**
 * Makes inputs for a model from the types it declares and the quantizers that read them. The same seed gives the same
 * values on every machine; each input of each sample has its own sequence, so one input's shape does not change another.
 * Inputs with an initializer are left to it.
 *
 * @throws ModelError `cannot-generate-input` for inputs that are no tensors of numbers, or have no known rank
 */
export function generateSamples(model: Model, options: GenerateOptions): GeneratedSamples {
  const assumptions = new Set<string>();
  const defaults = new Set(model.graph.initializers.map(({ name }) => name));
  const wanted = model.graph.inputs.filter(({ name }) => {
    if (defaults.has(name)) assumptions.add(`input "${name}" keeps its initializer`);
    return !defaults.has(name);
  });
  const makers = wanted.map((input, i) => ({ input, make: makerOf(model, input, i, options, assumptions) }));
  const samples = Array.from({ length: options.samples }, (_, sample): Sample => {
    const kind = options.kinds[sample % options.kinds.length]!;
    return { kind, inputs: new Map(makers.map(({ input, make }) => [input.name, make(sample, kind)])) };
  });
  return { samples, assumptions: [...assumptions] };
}

type Maker = (sample: number, kind: SampleKind) => Tensor;

function makerOf(
  model: Model,
  input: ValueInfo,
  position: number,
  { seed, dims: lengths, alsoFor = model }: GenerateOptions,
  assumptions: Set<string>,
): Maker {
  const { name } = input;
  const type = generatedType(input);
  const dims = type.shape.map(({ value, param }) => {
    if (value !== undefined && value >= 0) return value;
    const length = lengths.get(param ?? '') ?? 1;
    if (!lengths.has(param ?? ''))
      assumptions.add(`dimension ${param ? `"${param}"` : '?'} of "${name}" taken as 1`);
    return length;
  });
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (!(count <= mostElements)) {
    throw new ModelError(
      'cannot-generate-input',
      `Input "${name}" of dims [${dims}] would have ${count} elements.`,
      {
        fix: 'Give smaller dims, or inputs of your own.',
      },
    );
  }
  const grids = [...new Set([model, alsoFor])]
    .flatMap((m) => gridsAfterInput(m, name))
    .filter((grid) => grid.scales.every((s) => s > 0 && s < Infinity));
  const draw = drawerOf(model, name, type.elemType, dims, grids, assumptions);
  return (sample, kind) => {
    const random = createRandom(seed + 2 ** 32 * (sample * 4096 + position + 1));
    return tensor(type.elemType, dims, draw(random, kind, count), name);
  };
}

type Drawer = (random: Random, kind: SampleKind, count: number) => number[];

function drawerOf(
  model: Model,
  name: string,
  dtype: DataType,
  dims: readonly number[],
  grids: readonly Grid[],
  assumptions: Set<string>,
): Drawer {
  const info = findDataType(dtype)!;
  if (info.kind === 'bool') return (random, _, count) => fill(count, () => random.below(2));
  if (info.kind === 'signed' || info.kind === 'unsigned')
    return integerDrawer(model, name, dtype, assumptions);
  if (grids.length === 0) {
    assumptions.add(`no quantizer reads "${name}" directly: its ties are those of scale 1/128`);
  }
  const targets = grids.length > 0 ? grids : [{ scales: [1 / 128], zeroPoints: [0], dtype: 'int8' as const }];
  return (random, kind, count) => {
    const range = () => rangeOf(random.pick(targets), random);
    if (kind === 'smooth') return smooth(random, range(), dims, count);
    const next = { random: inRange, ties: onTie, extreme: atEnd }[kind];
    return fill(count, () => next(random, range()));
  };
}

function rangeOf(grid: Grid, random: Random): Range {
  const channel = random.below(grid.scales.length);
  const { min, max } = integerRange(grid.dtype) ?? { min: -128, max: 127 };
  const zero = grid.zeroPoints[channel] ?? 0;
  return { scale: grid.scales[channel]!, min: min - zero, max: max - zero };
}

/** The codes of one scale, counted from its zero point. */
interface Range {
  readonly scale: number;
  readonly min: number;
  readonly max: number;
}

/** A few slow waves over the last two axes, other ones for each position of the axes before, and a little noise. */
function smooth(
  random: Random,
  { scale, min, max }: Range,
  dims: readonly number[],
  count: number,
): number[] {
  const width = dims.at(-1) ?? 1;
  const height = dims.at(-2) ?? 1;
  const plane = Math.max(1, width * height);
  const [middle, swing] = [((min + max) / 2) * scale, ((max - min) / 2) * scale];
  const values: number[] = [];
  for (let start = 0; start < count; start += plane) {
    const waves = Array.from({ length: 4 }, () => ({
      x: (random.below(7) - 3) / width,
      y: (random.below(7) - 3) / height,
      phase: random.uniform(),
      size: 0.05 + 0.15 * random.uniform(),
    }));
    const shift = 0.2 * (random.uniform() - 0.5);
    for (let i = 0; i < plane && values.length < count; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const sum = waves.reduce(
        (total, w) => total + w.size * Math.cos(2 * Math.PI * (w.x * x + w.y * y + w.phase)),
        shift,
      );
      values.push(middle + swing * (sum + 0.02 * random.normal()));
    }
  }
  return values;
}

function inRange(random: Random, { scale, min, max }: Range): number {
  return (min + random.uniform() * (max - min)) * scale;
}

/** (k + 0.5) · scale in float32, or the float32 next to it on either side: one of the three divides to the tie itself. */
function onTie(random: Random, { scale, min, max }: Range): number {
  const k = min + random.below(max - min + 1);
  const tie = Math.fround((k + 0.5) * scale);
  return neighbour(tie, random.below(3) - 1);
}

function atEnd(random: Random, { scale, min, max }: Range): number {
  const ends = [
    0,
    -0,
    min,
    max,
    min - 0.5,
    max + 0.5,
    min - 1,
    max + 1,
    2 * min,
    2 * max,
    100 * max,
    0.5,
    -0.5,
  ];
  const denormal = 2 ** -149 * (1 + random.below(2 ** 20));
  if (random.below(8) === 0) return random.pick([denormal, -denormal, 2 ** -126, 2 ** -149]);
  return neighbour(Math.fround(random.pick(ends) * scale), random.pick([-1, 0, 0, 0, 1]));
}

/**
 * Integers: all codes of the narrow types. Wider ones are mostly positions and masks, so they stay small: below the
 * length of the axis a Gather looks up, else 0 and 1.
 */
function integerDrawer(model: Model, name: string, dtype: DataType, assumptions: Set<string>): Drawer {
  const { min, max } = integerRange(dtype)!;
  if (findDataType(dtype)!.bits <= 8) {
    return (random, kind, count) =>
      fill(count, () =>
        kind === 'extreme' ? random.pick([min, max, 0]) : min + random.below(max - min + 1),
      );
  }
  const limit = gatherLimit(model, name) ?? 2;
  assumptions.add(`integers of "${name}" drawn from 0 to ${limit - 1}`);
  return (random, kind, count) =>
    fill(count, () => (kind === 'extreme' ? random.pick([0, limit - 1]) : random.below(limit)));
}

/** Rows of the smallest constant table that the input looks up by Gather. */
function gatherLimit(model: Model, input: string): number | undefined {
  const view = viewOf(model);
  const tables = view.uses(input).flatMap(({ node, index }) => {
    if (node.opType !== 'Gather' || index !== 1) return [];
    const axis = node.attributes.find((attribute) => attribute.name === 'axis');
    const table = tableDims(model, node.inputs[0] ?? '');
    const rows = table?.at(axis?.type === 'INT' ? Number(axis.value) : 0);
    return rows === undefined || rows < 1 ? [] : [rows];
  });
  return tables.length === 0 ? undefined : Math.min(...tables);
}

/** Dims of a stored table, also one that is dequantized or quantized and dequantized first. */
function tableDims(model: Model, value: string): readonly number[] | undefined {
  const view = viewOf(model);
  let name = value;
  for (let steps = 0; steps < 8; steps++) {
    const stored = view.initializer(name);
    if (stored !== undefined) return stored.dims;
    const node = view.producer(name);
    if (node === undefined) return undefined;
    const carried = node.attributes.find((attribute) => attribute.type === 'TENSOR');
    if (node.opType === 'Constant' && carried?.type === 'TENSOR') return carried.value.dims;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

function generatedType(input: ValueInfo): TensorType & { readonly shape: NonNullable<TensorType['shape']> } {
  const { name, type } = input;
  const info = type?.kind === 'tensor' ? findDataType(type.elemType) : undefined;
  if (type?.kind !== 'tensor' || info === undefined || info.kind === 'string' || info.kind === 'complex') {
    const what = type === undefined || type.kind === 'none' ? 'an undeclared type' : describeType(type);
    throw new ModelError(
      'cannot-generate-input',
      `Input "${name}" is ${what}; no values can be made up for it.`,
      {
        at: `main/input ${name}`,
        fix: 'Give inputs of your own.',
      },
    );
  }
  if (type.shape === undefined) {
    throw new ModelError(
      'cannot-generate-input',
      `Input "${name}" does not declare how many dimensions it has.`,
      {
        at: `main/input ${name}`,
        fix: 'Give inputs of your own.',
      },
    );
  }
  return { ...type, shape: type.shape };
}

function describeType(type: NonNullable<ValueInfo['type']>): string {
  return type.kind === 'tensor' ? `a tensor of ${type.elemType}` : `a value of kind ${type.kind}`;
}

function fill(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The float32 `steps` places above (or below) another; zero is its own neighbour. */
function neighbour(x: number, steps: number): number {
  float[0] = x;
  if (steps === 0 || x === 0 || !Number.isFinite(x)) return float[0];
  bits[0] = bits[0]! + (x > 0 ? steps : -steps);
  return float[0];
}
