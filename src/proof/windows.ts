import { type DataType, type Node, valuesOf } from '../ir/index.ts';
import { intAttribute, intsAttribute, normalDomain, stringAttribute } from '../ops/index.ts';
import type { TermArray } from './arrays.ts';
import type { Extreme } from './terms.ts';

/** An operator that picks the largest or smallest of groups of elements. */
export interface Selection {
  readonly kind: 'selection';
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly of: Extreme;
  /** For each element of the output the elements it is picked from, as [input, position], in the order they are compared. */
  readonly groups: readonly (readonly (readonly [number, number])[])[];
}

/**
 * Reads MaxPool, GlobalMaxPool, ReduceMax, ReduceMin, Max and Min as selections; `undefined` for other nodes, for a
 * MaxPool that also gives indices, for axes that are no constant, and where a group would be empty.
 *
 * @param output shape of the output
 */
export function readSelection(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  output: readonly number[] | undefined,
): Selection | undefined {
  const [x] = inputs;
  if (normalDomain(node.domain) !== '' || (node.outputs[1] ?? '') !== '') return undefined;
  if (x === undefined || output === undefined) return undefined;
  const read = readGroups(node, x, inputs, output);
  if (read?.groups === undefined || read.groups.some((group) => group.length === 0)) return undefined;
  return { kind: 'selection', dtype: x.dtype, dims: output, of: read.of, groups: read.groups };
}

function readGroups(
  node: Node,
  x: TermArray,
  inputs: readonly (TermArray | undefined)[],
  output: readonly number[],
): { readonly of: Extreme; readonly groups: Groups | undefined } | undefined {
  switch (node.opType) {
    case 'MaxPool':
      return { of: 'largest, first', groups: pooled(node, x.dims, output) };
    case 'GlobalMaxPool':
      return { of: 'largest, first', groups: reduced(x.dims, x.dims.map((_, axis) => axis).slice(2)) };
    case 'ReduceMax':
    case 'ReduceMin': {
      const axes = readAxes(node, x.dims.length, inputs[1]);
      const of = node.opType === 'ReduceMax' ? 'largest, first' : 'smallest, first';
      return axes && { of, groups: reduced(x.dims, axes) };
    }
    case 'Max':
    case 'Min': {
      const dims = inputs.flatMap((array) => (array === undefined ? [] : [array.dims]));
      const of = node.opType === 'Max' ? 'largest, last' : 'smallest, last';
      return dims.length < inputs.length ? undefined : { of, groups: broadcast(dims, output) };
    }
    default:
      return undefined;
  }
}

/** The axes a reduction goes over, counted from the front; `undefined` where an input says it that is no constant. */
function readAxes(node: Node, rank: number, input: TermArray | undefined): readonly number[] | undefined {
  if (input !== undefined && input.constant === undefined) return undefined;
  const given = input?.constant && Array.from(valuesOf(input.constant), Number);
  const axes = given ?? intsAttribute(node, 'axes') ?? [];
  if (axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [];
  return axes.length === 0
    ? Array.from({ length: rank }, (_, axis) => axis)
    : axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

type Groups = Selection['groups'];

function pooled(node: Node, x: readonly number[], output: readonly number[]): Groups | undefined {
  const kernel = intsAttribute(node, 'kernel_shape');
  const rank = x.length - 2;
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (kernel?.length !== rank) return undefined;
  const strides = intsAttribute(node, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1);
  const pads = auto === 'NOTSET' ? (intsAttribute(node, 'pads') ?? []) : [];
  const begins = kernel.map((size, i) => {
    if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return pads[i] ?? 0;
    const extent = dilations[i]! * (size - 1) + 1;
    const total = Math.max((output[i + 2]! - 1) * strides[i]! + extent - x[i + 2]!, 0);
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return positions(output).map((at) => {
    const taps = positions(kernel).map((tap) => [
      at[0]!,
      at[1]!,
      ...tap.map((t, i) => at[i + 2]! * strides[i]! - begins[i]! + t * dilations[i]!),
    ]);
    const inside = taps.filter((tap) => tap.every((place, i) => place >= 0 && place < x[i]!));
    return inside.map((tap) => [0, offset(tap, x)] as const);
  });
}

/** One group for each position of the axes that are kept. */
function reduced(x: readonly number[], axes: readonly number[]): Groups {
  const kept = x.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const over = x.map((length, axis) => (axes.includes(axis) ? length : 1));
  return positions(kept).map((at) =>
    positions(over).map((step) => {
      const place = at.map((index, axis) => index + step[axis]!);
      return [0, offset(place, x)] as const;
    }),
  );
}

function broadcast(dims: readonly (readonly number[])[], output: readonly number[]): Groups {
  return positions(output).map((at) =>
    dims.map((shape, input) => {
      const place = at.slice(at.length - shape.length).map((index, axis) => (shape[axis] === 1 ? 0 : index));
      return [input, offset(place, shape)] as const;
    }),
  );
}

/** All positions of a shape in row-major order. */
function positions(dims: readonly number[]): number[][] {
  let all: number[][] = [[]];
  for (const length of dims) all = all.flatMap((start) => Array.from({ length }, (_, i) => [...start, i]));
  return all;
}

function offset(place: readonly number[], dims: readonly number[]): number {
  return place.reduce((at, index, axis) => at * dims[axis]! + index, 0);
}
