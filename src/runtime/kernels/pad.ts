import { ModelError } from '../../support/errors.ts';
import {
  allocateCells,
  arrayOf,
  cellsOf,
  checkSize,
  integersOf,
  makeArray,
  type NdArray,
  normalAxis,
  productOf,
  stridesOf,
} from '../array.ts';
import { copyRun } from '../copy.ts';
import { floats, indices, movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Adds elements around an array (or, with negative pads, takes some away): a constant, the edge, a reflection or a wrap. */
export const pad = kernel('Pad', {
  versions: [11, 13, 18, 19, 21, 23, 24, 25],
  types: 'T, int64, T, I -> T',
  where: { T: movable, I: indices },
  run: ({ attributes: { mode }, inputs: [x, pads, value, axes] }) =>
    padded(x!, mode, integersOf(pads!), value, axes && integersOf(axes)),
});

/** The same with attributes, before version 11. */
export const pad2 = kernel('Pad', {
  versions: [1, 2],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes, inputs: [x] }) => {
    const { mode, value } = attributes;
    const pads = attributes.pads ?? (attributes as { paddings?: readonly number[] }).paddings ?? [];
    return padded(x!, mode, pads, arrayOf(x!.dtype, [], [value as number]), undefined);
  },
});

function padded(
  x: NdArray,
  mode: string,
  pads: readonly number[],
  value: NdArray | undefined,
  axesGiven: readonly number[] | undefined,
): NdArray {
  const rank = x.dims.length;
  const axes = axesGiven?.map((axis) => normalAxis(axis, rank)) ?? x.dims.map((_, axis) => axis);
  if (pads.length !== 2 * axes.length) {
    throw new ModelError(
      'shape-mismatch',
      `${axes.length} axes need ${2 * axes.length} pads, not [${pads}].`,
    );
  }
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    begin[axis] = pads[i]!;
    end[axis] = pads[i + axes.length]!;
  });
  const dims = x.dims.map((length, i) => length + begin[i]! + end[i]!);
  checkSize(x.dtype, dims);
  const strides = stridesOf(x.dims);
  const sources = dims.map((length, axis) =>
    Array.from({ length: Math.max(length, 0) }, (_, i) => {
      const from = sourceIndex(i - begin[axis]!, x.dims[axis]!, mode);
      return from < 0 ? -1 : from * strides[axis]!;
    }),
  );
  return gather(x, dims, sources, fillOf(x, value));
}

/** The input index an output index (counted from the first input element) copies; −1 for the constant. */
function sourceIndex(index: number, length: number, mode: string): number {
  if (index >= 0 && index < length) return index;
  if (mode === 'constant') return -1;
  if (length === 0)
    throw new ModelError('shape-mismatch', `An axis of length 0 cannot be padded by mode "${mode}".`);
  if (mode === 'edge') return index < 0 ? 0 : length - 1;
  if (mode === 'wrap') return ((index % length) + length) % length;
  if (mode !== 'reflect') throw new ModelError('unsupported-attribute', `Pad has no mode "${mode}".`);
  const period = Math.max(2 * (length - 1), 1);
  const phase = ((index % period) + period) % period;
  return phase < length ? phase : period - phase;
}

/** The constant: the input given, else zero (an empty string). */
function fillOf(x: NdArray, value: NdArray | undefined): number {
  return cellsOf(value ?? arrayOf(x.dtype, [], [x.dtype === 'string' ? '' : 0]))[0]!;
}

function gather(x: NdArray, dims: readonly number[], sources: readonly number[][], fill: number): NdArray {
  const target = allocateCells(x.dtype, dims, 'overwritten');
  const source = cellsOf(x);
  const last = dims.length - 1;
  const inner = sources[last] ?? [0];
  const outer = productOf(dims, 0, Math.max(last, 0));
  const index = new Array<number>(Math.max(last, 0)).fill(0);
  if (target.length === 0) return makeArray(x.dtype, dims, target);
  const [first, end] = plainRun(inner);
  for (let row = 0; row < outer; row++) {
    let base = 0;
    for (let axis = 0; axis < last && base >= 0; axis++) {
      const from = sources[axis]![index[axis]!]!;
      base = from < 0 ? -1 : base + from;
    }
    const to = row * inner.length;
    const pick = (i: number) => {
      const from = inner[i]!;
      target[to + i] = base < 0 || from < 0 ? fill : source[base + from]!;
    };
    for (let i = 0; i < first; i++) pick(i);
    if (base < 0) for (let i = first; i < end; i++) target[to + i] = fill;
    else copyRun(source, base + inner[first]!, target, to + first, end - first);
    for (let i = end; i < inner.length; i++) pick(i);
    for (let axis = last - 1; axis >= 0 && ++index[axis]! === dims[axis]; axis--) index[axis] = 0;
  }
  return makeArray(x.dtype, dims, target);
}

/** Start and end of the first run of neighbouring input elements. */
function plainRun(inner: readonly number[]): [number, number] {
  const first = inner.findIndex((from) => from >= 0);
  if (first < 0) return [0, 0];
  let end = first + 1;
  while (end < inner.length && inner[end] === inner[end - 1]! + 1) end++;
  return [first, end];
}
