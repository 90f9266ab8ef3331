import type { Node } from '../ir/index.ts';
import { findAttribute, normalDomain } from '../ops/index.ts';
import type { Extreme } from './terms.ts';

/** An operator that picks the largest or smallest of groups of elements. */
export interface Selection {
  readonly of: Extreme;
  /** For each element of the output the elements it is picked from, as [input, position], in the order they are compared. */
  readonly groups: readonly (readonly (readonly [number, number])[])[];
}

/**
 * Reads MaxPool, GlobalMaxPool, ReduceMax, ReduceMin, Max and Min as selections; `undefined` for other nodes, for a
 * MaxPool that also gives indices, and where a group would be empty.
 *
 * @param dims shapes of the inputs
 * @param output shape of the output
 * @param axes what ReduceMax and ReduceMin go over, where an input says it
 */
export function readSelection(
  node: Node,
  dims: readonly (readonly number[])[],
  output: readonly number[],
  axes: readonly number[] | undefined,
): Selection | undefined {
  if (normalDomain(node.domain) !== '' || (node.outputs[1] ?? '') !== '') return undefined;
  const x = dims[0]!;
  switch (node.opType) {
    case 'MaxPool':
      return pooled(node, x, output);
    case 'GlobalMaxPool':
      return reduced('largest, first', x, x.map((_, axis) => axis).slice(2));
    case 'ReduceMax':
    case 'ReduceMin': {
      const over = axes ?? ints(node, 'axes') ?? [];
      if (over.length === 0 && int(node, 'noop_with_empty_axes', 0) === 1) return undefined;
      const normal =
        over.length === 0
          ? x.map((_, axis) => axis)
          : over.map((axis) => (axis < 0 ? axis + x.length : axis));
      return reduced(node.opType === 'ReduceMax' ? 'largest, first' : 'smallest, first', x, normal);
    }
    case 'Max':
    case 'Min':
      return broadcast(node.opType === 'Max' ? 'largest, last' : 'smallest, last', dims, output);
    default:
      return undefined;
  }
}

function pooled(node: Node, x: readonly number[], output: readonly number[]): Selection | undefined {
  const kernel = ints(node, 'kernel_shape');
  const rank = x.length - 2;
  const auto = findAttribute(node, 'auto_pad')?.value ?? 'NOTSET';
  if (kernel?.length !== rank) return undefined;
  const strides = ints(node, 'strides') ?? kernel.map(() => 1);
  const dilations = ints(node, 'dilations') ?? kernel.map(() => 1);
  const pads = auto === 'NOTSET' ? (ints(node, 'pads') ?? []) : [];
  const begins = kernel.map((size, i) => {
    if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return pads[i] ?? 0;
    const extent = dilations[i]! * (size - 1) + 1;
    const total = Math.max((output[i + 2]! - 1) * strides[i]! + extent - x[i + 2]!, 0);
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  const groups = positions(output).map((at) => {
    const taps = positions(kernel).map((tap) => [
      at[0]!,
      at[1]!,
      ...tap.map((t, i) => at[i + 2]! * strides[i]! - begins[i]! + t * dilations[i]!),
    ]);
    const inside = taps.filter((tap) => tap.every((place, i) => place >= 0 && place < x[i]!));
    return inside.map((tap) => [0, offset(tap, x)] as const);
  });
  return selection('largest, first', groups);
}

function reduced(of: Extreme, x: readonly number[], axes: readonly number[]): Selection | undefined {
  const kept = x.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const over = x.map((length, axis) => (axes.includes(axis) ? length : 1));
  const groups = positions(kept).map((at) =>
    positions(over).map(
      (step) =>
        [
          0,
          offset(
            at.map((place, axis) => place + step[axis]!),
            x,
          ),
        ] as const,
    ),
  );
  return selection(of, groups);
}

function broadcast(
  of: Extreme,
  dims: readonly (readonly number[])[],
  output: readonly number[],
): Selection | undefined {
  const groups = positions(output).map((at) =>
    dims.map((shape, input) => {
      const place = at.slice(at.length - shape.length).map((index, axis) => (shape[axis] === 1 ? 0 : index));
      return [input, offset(place, shape)] as const;
    }),
  );
  return selection(of, groups);
}

function selection(of: Extreme, groups: Selection['groups']): Selection | undefined {
  return groups.every((group) => group.length > 0) ? { of, groups } : undefined;
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

function ints(node: Node, name: string): number[] | undefined {
  const attribute = findAttribute(node, name);
  return attribute?.type === 'INTS' ? (attribute.value as readonly bigint[]).map(Number) : undefined;
}

function int(node: Node, name: string, fallback: number): number {
  const attribute = findAttribute(node, name);
  return attribute?.type === 'INT' ? Number(attribute.value) : fallback;
}
