import type { DataType } from '../ir/index.ts';
import {
  allocateCells,
  allocateDoubles,
  type Cells,
  cellsOf,
  doublesOf,
  integersOf,
  isWide,
  makeArray,
  type NdArray,
  normalAxis,
  reshaped,
  stridesOf,
} from './array.ts';
import { collapseAxes, forEachRow } from './broadcast.ts';
import { convert } from './convert.ts';
import { zipElements } from './elementwise.ts';
import { type Kernel, kernel } from './kernel.ts';

/** Reduces over axes, in row-major order of the elements of each result. */
export interface Reduction {
  /** Accumulator of a result nothing has been added to. */
  readonly start: number | bigint;
  readonly add: (sum: never, x: never) => number | bigint;
  /** From the accumulator to the result; `count` elements went into it. */
  readonly finish?: (sum: never, count: number) => number | bigint;
}

/** A reduction in doubles, rounded once when it is stored, and the same in bigints. */
export interface ReductionPair {
  readonly numbers: {
    readonly start: number;
    readonly add: (sum: number, x: number) => number;
    readonly finish?: (sum: number, count: number) => number;
  };
  readonly wide?: {
    readonly start: bigint;
    readonly add: (sum: bigint, x: bigint) => bigint;
    readonly finish?: (sum: bigint, count: number) => bigint;
  };
}

/** Applies a reduction over the given axes (from the front); `keep` leaves them as axes of length 1. */
export function reduceAxes(x: NdArray, axes: readonly number[], keep: boolean, pair: ReductionPair): NdArray {
  const wide = isWide(x.dtype) && pair.wide !== undefined;
  const { start, add, finish } = (wide ? pair.wide! : pair.numbers) as Reduction;
  const reduced = new Set(axes);
  const kept = x.dims.map((length, axis) => (reduced.has(axis) ? 1 : length));
  const dims = keep ? kept : x.dims.filter((_, axis) => !reduced.has(axis));
  const count = x.dims.reduce((product, length, axis) => (reduced.has(axis) ? product * length : product), 1);
  const target = allocateCells(x.dtype, dims);
  const sums: Cells = wide ? (new Array(target.length) as unknown as Cells) : allocateDoubles(target.length);
  for (let i = 0; i < sums.length; i++) sums[i] = start as number;
  accumulate(cellsOf(x), x.dims, reduced, kept, sums, add as (sum: number, value: number) => number);
  for (let i = 0; i < target.length; i++)
    target[i] = (finish === undefined ? sums[i]! : finish(sums[i] as never, count)) as number;
  return makeArray(x.dtype, dims, target);
}

function accumulate(
  source: Cells,
  inputDims: readonly number[],
  reduced: ReadonlySet<number>,
  kept: readonly number[],
  sums: Cells,
  add: (sum: number, value: number) => number,
): void {
  const outputs = stridesOf(kept).map((stride, axis) => (reduced.has(axis) ? 0 : stride));
  const { dims, walks } = collapseAxes(inputDims, [outputs, stridesOf(inputDims)]);
  const inner = dims.at(-1)!;
  const step = walks[0]!.at(-1)!;
  forEachRow(dims, walks, (positions, row) => {
    let to = positions[0]!;
    const end = (row + 1) * inner;
    if (step === 0 && add === plus && source instanceof Float32Array) {
      sums[to] = sumRun(source, row * inner, end, sums[to]!);
    } else if (step === 0) {
      let sum = sums[to]!;
      for (let i = row * inner; i < end; i++) sum = add(sum, source[i]!);
      sums[to] = sum;
    } else {
      for (let i = row * inner; i < end; i++, to += step) sums[to] = add(sums[to]!, source[i]!);
    }
  });
}

const plus = (total: number, x: number) => total + x;

/** The loop of the reduction that networks use most, for V8 to compile on its own. */
function sumRun(source: Float32Array, from: number, to: number, start: number): number {
  let sum = start;
  for (let i = from; i < to; i++) sum += source[i]!;
  return sum;
}

const sum: ReductionPair = {
  numbers: { start: 0, add: plus },
  wide: { start: 0n, add: (total, x) => total + x },
};

const largest: ReductionPair = {
  numbers: { start: -Infinity, add: (best, x) => (x > best || Number.isNaN(x) ? x : best) },
  wide: { start: -(2n ** 63n), add: largerBigint },
};

/** Math.max takes no bigints. */
function largerBigint(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** Σ x */
export function sumOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return reduceAxes(x, axes, keep, sum);
}

/** Σ x / count */
export function meanOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return reduceAxes(x, axes, keep, {
    numbers: { ...sum.numbers, finish: (total, count) => total / count },
    wide: { ...sum.wide!, finish: (total, count) => (count === 0 ? 0n : total / BigInt(count)) },
  });
}

export function largestOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return reduceAxes(x, axes, keep, largest);
}

const smallest: ReductionPair = {
  numbers: { start: Infinity, add: (best, x) => (x < best || Number.isNaN(x) ? x : best) },
  wide: { start: 2n ** 64n, add: (a, b) => largerBigint(-a, -b) * -1n },
};

export function smallestOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return reduceAxes(x, axes, keep, smallest);
}

/** Π x; 32-bit products wrap as they are made, so that they stay exact. */
export function productOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  const wraps = x.dtype === 'int32' || x.dtype === 'uint32';
  return reduceAxes(x, axes, keep, {
    numbers: { start: 1, add: wraps ? Math.imul : (product, v) => product * v },
    wide: { start: 1n, add: (product, v) => product * v },
  });
}

/** Σ |x| */
export function absoluteSumOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return reduceAxes(x, axes, keep, {
    numbers: { start: 0, add: (total, v) => total + Math.abs(v) },
    wide: { start: 0n, add: (total, v) => total + (v < 0n ? -v : v) },
  });
}

const squares: ReductionPair = {
  numbers: { start: 0, add: (total, v) => total + v * v },
  wide: { start: 0n, add: (total, v) => total + v * v },
};

/** Σ x² */
export function squareSumOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return reduceAxes(x, axes, keep, squares);
}

/** √Σ x² */
export function normOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return viaDoubles(x, (doubles) =>
    reduceAxes(doubles, axes, keep, { numbers: { ...squares.numbers, finish: Math.sqrt } }),
  );
}

/** ln Σ x */
export function logSumOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return viaDoubles(x, (doubles) =>
    reduceAxes(doubles, axes, keep, { numbers: { ...sum.numbers, finish: Math.log } }),
  );
}

/** ln Σ e^x as top + ln Σ e^(x − top), with the largest element of all as top: no exponential overflows. */
export function logSumExpOver(x: NdArray, axes: readonly number[], keep: boolean): NdArray {
  return viaDoubles(x, (doubles) => {
    const peaks = reduceAxes(doubles, axes, true, largest);
    const exponentials = zipElements(doubles, peaks, 'float64', (v, peak) =>
      Math.exp(v - (Number.isFinite(peak) ? peak : 0)),
    );
    const total = reduceAxes(exponentials, axes, true, {
      numbers: { ...sum.numbers, finish: (value: number) => Math.log(value) },
    });
    const result = zipElements(total, peaks, 'float64', (v, peak) => (Number.isFinite(peak) ? v + peak : v));
    return keep
      ? result
      : reshaped(
          result,
          result.dims.filter((_, axis) => !axes.includes(axis)),
        );
  });
}

/** Works in double precision and stores the result in the type of x. */
function viaDoubles(x: NdArray, work: (doubles: NdArray) => NdArray): NdArray {
  const result = work(makeArray('float64', x.dims, doublesOf(x)));
  return convert(result, x.dtype, { saturate: false, roundMode: 'up' });
}

interface ReductionDefinition {
  readonly versions: readonly number[];
  /** The first version that takes the axes as an input. */
  readonly axesAsInputFrom: number;
  readonly of: readonly DataType[];
  readonly reduce: (x: NdArray, axes: readonly number[], keep: boolean) => NdArray;
}

/** Kernel of an operator that reduces over `axes`: an attribute first, an input later. No axes means all of them. */
export function reduction(opType: string, definition: ReductionDefinition): Kernel {
  const { versions, axesAsInputFrom, of, reduce } = definition;
  return kernel<string>(opType, {
    versions,
    types: 'T, int64 -> T',
    where: { T: of },
    run({ attributes, inputs: [x, axesInput], version }) {
      const given =
        version >= axesAsInputFrom
          ? axesInput && integersOf(axesInput)
          : (attributes['axes'] as readonly number[] | undefined);
      const rank = x!.dims.length;
      const none = given === undefined || given.length === 0;
      if (none && attributes['noop_with_empty_axes'] === 1) return reduce(x!, [], true);
      const axes = none ? x!.dims.map((_, axis) => axis) : given.map((axis) => normalAxis(axis, rank));
      return reduce(x!, axes, attributes['keepdims'] !== 0);
    },
  });
}
