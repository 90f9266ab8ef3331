import {
  type Attribute,
  elementCount,
  type Node,
  type Tensor,
  tensor,
  type ValueInfo,
  valuesOf,
} from '../../ir/index.ts';
import type { Case } from '../matching.ts';
import { withGraph } from './case.ts';

/** An axis of an input or an initializer. */
interface Axis {
  readonly value: string;
  readonly axis: number;
  readonly length: number;
}

/** How lengths that are written down follow: in constants, in attributes. */
interface Follow {
  readonly constants: boolean;
  readonly attributes: boolean;
}

const follows: readonly Follow[] = [
  { constants: false, attributes: false },
  { constants: true, attributes: false },
  { constants: false, attributes: true },
  { constants: true, attributes: true },
];

/** Cases with shorter axes: all of one length together, then alone, then two at a time. */
export function* shorterAxes(one: Case): Iterable<Case> {
  const axes = axesOf(one);
  const lengths = [...new Set(axes.map(({ length }) => length))]
    .filter((length) => length > 1)
    .sort((a, b) => b - a);
  for (const length of lengths) {
    const group = axes.filter((axis) => axis.length === length);
    yield* shortened(one, group, length);
  }
  const long = axes.filter(({ length }) => length > 1);
  for (const axis of long) yield* shortened(one, [axis], axis.length);
  for (const [i, axis] of long.entries()) {
    for (const other of long.slice(i + 1)) {
      if (other.length === axis.length)
        yield* shortened(one, [axis, other], axis.length, follows.slice(0, 1));
    }
  }
  yield* dividedAxes(one, long);
  yield* shorterPlaces(one, long);
  yield* shorterTargets(one, long);
  yield* fewerAxes(one);
}

/** Every axis that a number divides, divided by it: parts go along with what they are parts of. */
function* dividedAxes(one: Case, axes: readonly Axis[]): Iterable<Case> {
  for (const divisor of [2, 3]) {
    const able = axes.filter(({ length }) => length % divisor === 0);
    if (able.length < 2) continue;
    // A part of each part, or one part of the whole.
    for (let offset = 0; offset < divisor; offset++) {
      for (const isSpread of [true, false]) {
        const parts = able.map(({ value, axis, length }): Part => {
          const count = length / divisor;
          const indices = range(count).map((i) => (isSpread ? i * divisor + offset : offset * count + i));
          return { value, axis, indices };
        });
        const made = takeParts(one, parts);
        if (made !== undefined) yield made;
      }
    }
  }
}

/** One index of every axis in some place, as blocks have it: axes that go together though their lengths differ. */
function* shorterPlaces(one: Case, axes: readonly Axis[]): Iterable<Case> {
  for (const place of new Set(axes.map(({ axis }) => axis))) {
    const group = axes.filter(({ axis }) => axis === place);
    const longest = Math.max(...group.map(({ length }) => length));
    for (let i = 0; i < Math.min(longest, 4); i++) {
      const parts = group.map(({ value, axis, length }): Part => {
        return { value, axis, indices: [Math.floor((i * length) / longest)] };
      });
      const made = takeParts(one, parts);
      if (made !== undefined) yield made;
    }
  }
}

/** A factor less in a list of lengths, in the axes of constants that stand in its place, and in one axis of something. */
function* shorterTargets(one: Case, axes: readonly Axis[]): Iterable<Case> {
  const { initializers } = one.model.graph;
  for (const target of initializers) {
    if (target.dtype !== 'int64' || target.dims.length !== 1) continue;
    const lengths = [...(valuesOf(target) as BigInt64Array)].map(Number);
    for (const [place, length] of lengths.entries()) {
      if (length < 2) continue;
      const less = tensor(
        'int64',
        target.dims,
        lengths.map((value, i) => BigInt(i === place ? 1 : value)),
        target.name,
      );
      const isThere = (other: Axis) => other.axis === place && other.length === length;
      const along = axes.filter(
        (other) => isThere(other) && initializers.some(({ name }) => name === other.value),
      );
      for (const source of axes) {
        if (source.length % length !== 0) continue;
        const from = along.filter(({ value }) => value !== source.value && value !== target.name);
        const parts = [
          ...from.map(({ value, axis }): Part => ({ value, axis, indices: [0] })),
          { value: source.value, axis: source.axis, indices: range(source.length / length) },
        ];
        const made = takeParts(one, parts, less);
        if (made !== undefined) yield made;
      }
    }
  }
}

/** Some indices of an axis of an input or a constant. */
interface Part {
  readonly value: string;
  readonly axis: number;
  readonly indices: readonly number[];
}

/** The case with parts of its inputs and constants, and another constant in the place of the one of its name. */
function takeParts(one: Case, parts: readonly Part[], other?: Tensor): Case | undefined {
  const { graph } = one.model;
  const own = (name: string) => parts.filter(({ value }) => value === name);
  const cut = (value: Tensor) =>
    own(value.name ?? '').reduce((now, { axis, indices }) => takeIndices(now, axis, indices), value);
  const inputs = graph.inputs.map((info) =>
    own(info.name).reduce((now, { axis, indices }) => cutInfo(now, [axis], indices.length), info),
  );
  const initializers = graph.initializers.map((value) => cut(value.name === other?.name ? other! : value));
  const samples = one.samples.map(
    (run) => new Map([...run].map(([name, value]): [string, Tensor] => [name, cut(value.withName(name))])),
  );
  return withGraph({ ...one, samples }, { initializers, inputs });
}

function axesOf({ model }: Case): readonly Axis[] {
  const inputs = model.graph.inputs.flatMap(({ name, type }) =>
    type?.kind === 'tensor'
      ? (type.shape ?? []).map(({ value }, axis): Axis => ({ value: name, axis, length: value ?? 0 }))
      : [],
  );
  const constants = model.graph.initializers.flatMap(({ name, dims }) =>
    dims.map((length, axis): Axis => ({ value: name!, axis, length })),
  );
  return [...inputs, ...constants];
}

/** The case with some axes of a length cut to one index, or with one index left out. */
function* shortened(
  one: Case,
  axes: readonly Axis[],
  length: number,
  ways: readonly Follow[] = follows,
): Iterable<Case> {
  const kept: number[][] = [];
  for (let i = 0; i < Math.min(length, 4); i++) kept.push([i]);
  if (length > 2) for (let i = 0; i < length; i++) kept.push(range(length).filter((index) => index !== i));
  for (const indices of kept) {
    for (const follow of ways) {
      const made = take(one, axes, indices, length, follow);
      if (made !== undefined) yield made;
    }
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function take(
  one: Case,
  axes: readonly Axis[],
  indices: readonly number[],
  length: number,
  follow: Follow,
): Case | undefined {
  const byValue = new Map<string, number[]>();
  for (const { value, axis } of axes) byValue.set(value, [...(byValue.get(value) ?? []), axis]);
  const cut = (constant: Tensor) =>
    (byValue.get(constant.name ?? '') ?? []).reduce((now, axis) => takeIndices(now, axis, indices), constant);
  const { graph } = one.model;
  const now = indices.length;
  const shorter = (value: bigint): bigint => {
    if (value === BigInt(length)) return BigInt(now);
    const product = value % BigInt(length) === 0n && value > 0n;
    return product ? (value / BigInt(length)) * BigInt(now) : value;
  };
  const initializers = graph.initializers.map((constant) => {
    const made = cut(constant);
    if (!follow.constants || made.dtype !== 'int64' || made.dims.length > 1) return made;
    const values = [...(valuesOf(made) as BigInt64Array)];
    return tensor('int64', made.dims, values.map(shorter), made.name);
  });
  const nodes = follow.attributes ? graph.nodes.map((node) => shorterAttributes(node, shorter)) : graph.nodes;
  const changes =
    byValue.size > 0 ||
    nodes.some((node, i) => node !== graph.nodes[i]) ||
    initializers.some((made, i) => made !== graph.initializers[i]);
  if (!changes) return undefined;
  const inputs = graph.inputs.map((info) => cutInfo(info, byValue.get(info.name) ?? [], now));
  const samples = one.samples.map(
    (run) => new Map([...run].map(([name, value]): [string, Tensor] => [name, cut(value.withName(name))])),
  );
  return withGraph({ ...one, samples }, { initializers, inputs, nodes });
}

function cutInfo(info: ValueInfo, axes: readonly number[], length: number): ValueInfo {
  if (axes.length === 0 || info.type?.kind !== 'tensor') return info;
  const shape = info.type.shape?.map((dim, i) => (axes.includes(i) ? { value: length } : dim));
  return { ...info, type: { ...info.type, shape } };
}

function shorterAttributes(node: Node, shorter: (value: bigint) => bigint): Node {
  const attributes = node.attributes.map((attribute): Attribute => {
    if (attribute.type === 'INTS') return { ...attribute, value: attribute.value.map(shorter) };
    if (attribute.type === 'INT' && attribute.name !== 'axis' && attribute.name !== 'to')
      return { ...attribute, value: shorter(attribute.value) };
    return attribute;
  });
  return { ...node, attributes };
}

/** Some indices of an axis. */
export function takeIndices(value: Tensor, axis: number, indices: readonly number[]): Tensor {
  const { dims } = value;
  const length = dims[axis]!;
  const inner = elementCount(dims.slice(axis + 1));
  const outer = elementCount(dims.slice(0, axis));
  const elements: ArrayLike<unknown> = value.dtype === 'string' ? value.toStrings() : valuesOf(value);
  const taken: unknown[] = [];
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const start = (o * length + index) * inner;
      for (let i = 0; i < inner; i++) taken.push(elements[start + i]);
    }
  }
  const shape = dims.map((d, i) => (i === axis ? indices.length : d));
  return tensor(value.dtype, shape, taken as never, value.name);
}

/** Inputs and constants of a lower rank, where an axis of length 1 means nothing. */
function* fewerAxes(one: Case): Iterable<Case> {
  const { graph } = one.model;
  const drop = (wanted: (name: string) => boolean, axis: number): Case | undefined => {
    const cut = (value: Tensor): Tensor =>
      wanted(value.name ?? '') && value.dims[axis] === 1
        ? value.withDims(value.dims.filter((_, i) => i !== axis))
        : value;
    const initializers = graph.initializers.map(cut);
    const inputs = graph.inputs.map((info) => {
      if (!wanted(info.name) || info.type?.kind !== 'tensor' || info.type.shape?.[axis]?.value !== 1)
        return info;
      return { ...info, type: { ...info.type, shape: info.type.shape.filter((_, i) => i !== axis) } };
    });
    const samples = one.samples.map(
      (run) => new Map([...run].map(([name, value]): [string, Tensor] => [name, cut(value.withName(name))])),
    );
    return withGraph({ ...one, samples }, { initializers, inputs });
  };
  const names = [...graph.inputs.map(({ name }) => name), ...graph.initializers.map(({ name }) => name!)];
  for (let axis = 0; axis < 4; axis++) {
    const able = axesOf(one).some((other) => other.axis === axis && other.length === 1);
    if (!able) continue;
    const all = drop(() => true, axis);
    if (all !== undefined) yield all;
    for (const name of names) {
      if (!axesOf(one).some((other) => other.value === name && other.axis === axis && other.length === 1))
        continue;
      const made = drop((value) => value === name, axis);
      if (made !== undefined) yield made;
    }
  }
}
