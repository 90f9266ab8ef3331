import type { DataType } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import {
  allocateCells,
  type Cells,
  cellsOf,
  isWide,
  makeArray,
  type NdArray,
  reshaped,
  sameDims,
} from './array.ts';
import { broadcastDims, broadcastStrides, collapseAxes, forEachRow } from './broadcast.ts';
import { floats } from './dtypes.ts';
import { type Kernel, type KernelCall, kernel } from './kernel.ts';
import type { TypeVariables } from './signature.ts';

/** A function of one element. The store rounds its result to the output's type; integers wrap. */
export type UnaryFunction = (x: number) => number;
export type BinaryFunction = (x: number, y: number) => number;

/**
 * A loop over the elements of float32 arrays that does what the function of its operator does.
 *
 * V8 compiles a loop once for all it is used with: one that calls a function it is given, on arrays of any type, runs at a
 * fifth of the speed of one that does its arithmetic itself.
 */
export type FloatMap = (x: Float32Array, y: Float32Array) => void;

/** The same for pairs: elements `from` to `to` of z from those of x and y at p and q and every so many elements. */
export type FloatZip = (
  x: Float32Array,
  p: number,
  stepX: number,
  y: Float32Array,
  q: number,
  stepY: number,
  z: Float32Array,
  from: number,
  to: number,
) => void;

/** Applies a loop over float32 elements. */
export function mapFloats(x: NdArray, loop: FloatMap): NdArray {
  const target = allocateCells(x.dtype, x.dims, 'overwritten');
  loop(x.data as Float32Array, target as unknown as Float32Array);
  return makeArray(x.dtype, x.dims, target);
}

/** Applies a function to each element. */
export function mapElements(x: NdArray, dtype: DataType, of: UnaryFunction): NdArray {
  const source = cellsOf(x);
  const target = allocateCells(dtype, x.dims, 'overwritten');
  for (let i = 0; i < target.length; i++) target[i] = of(source[i]!);
  return makeArray(dtype, x.dims, target);
}

/** Applies a function to each pair of elements of two arrays, broadcast against each other. */
export function zipElements(a: NdArray, b: NdArray, dtype: DataType, of: BinaryFunction): NdArray {
  if (sameDims(a.dims, b.dims)) return zipSame(cellsOf(a), cellsOf(b), a.dims, dtype, of);
  const [x, y] = [cellsOf(a), cellsOf(b)];
  return zipRows(a, b, dtype, (p, stepX, q, stepY, target, from, to) => {
    for (let i = from; i < to; i++, p += stepX, q += stepY) target[i] = of(x[p]!, y[q]!);
  });
}

/** Applies a loop to each pair of elements of two float32 arrays, broadcast against each other. */
export function zipFloats(a: NdArray, b: NdArray, loop: FloatZip): NdArray {
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  return zipRows(a, b, a.dtype, (p, stepX, q, stepY, target, from, to) =>
    loop(x, p, stepX, y, q, stepY, target as unknown as Float32Array, from, to),
  );
}

function zipRows(
  a: NdArray,
  b: NdArray,
  dtype: DataType,
  row: (p: number, stepX: number, q: number, stepY: number, target: Cells, from: number, to: number) => void,
): NdArray {
  const out = broadcastDims(a.dims, b.dims);
  const target = allocateCells(dtype, out, 'overwritten');
  const { dims, walks } = collapseAxes(out, [broadcastStrides(a.dims, out), broadcastStrides(b.dims, out)]);
  const inner = dims.at(-1)!;
  const stepX = walks[0]!.at(-1)!;
  const stepY = walks[1]!.at(-1)!;
  forEachRow(dims, walks, (positions, index) =>
    row(positions[0]!, stepX, positions[1]!, stepY, target, index * inner, (index + 1) * inner),
  );
  return makeArray(dtype, out, target);
}

function zipSame(x: Cells, y: Cells, dims: readonly number[], dtype: DataType, of: BinaryFunction): NdArray {
  const target = allocateCells(dtype, dims, 'overwritten');
  for (let i = 0; i < target.length; i++) target[i] = of(x[i]!, y[i]!);
  return makeArray(dtype, dims, target);
}

interface UnaryDefinition {
  readonly versions: readonly number[];
  /** Element types; the float types unless given. */
  readonly of?: readonly DataType[];
  readonly apply: UnaryFunction;
  /** The same for float32. */
  readonly loop?: FloatMap;
  /** The same for int64 and uint64. */
  readonly wide?: (x: bigint) => bigint;
  /** Output type, when it is not the input's. */
  readonly gives?: DataType;
}

/** Kernel of an operator that maps each element alone. */
export function unary(opType: string, definition: UnaryDefinition): Kernel {
  const { versions, of = floats, apply, loop, wide, gives } = definition;
  return kernel<string>(opType, {
    versions,
    types: `T -> ${gives ?? 'T'}`,
    where: { T: of },
    run: ({ inputs: [x] }) =>
      loop !== undefined && x!.dtype === 'float32'
        ? mapFloats(x!, loop)
        : mapElements(x!, gives ?? x!.dtype, isWide(x!.dtype) && wide !== undefined ? opaque(wide) : apply),
  });
}

interface BinaryDefinition {
  readonly versions: readonly number[];
  readonly of: readonly DataType[];
  readonly apply: BinaryFunction;
  /** The same for float32. */
  readonly loop?: FloatZip;
  /** The same for int64 and uint64. */
  readonly wide?: (x: bigint, y: bigint) => bigint | number;
  /** Other functions for some element types. */
  readonly special?: Readonly<Partial<Record<DataType, BinaryFunction>>>;
  readonly gives?: DataType;
  readonly types?: string;
  readonly where?: TypeVariables;
}

/** Kernel of an operator on pairs of elements, with numpy broadcasting from version 7 and `axis` broadcasting before. */
export function binary(opType: string, definition: BinaryDefinition): Kernel {
  const { versions, of, apply, loop, wide, special = {}, gives } = definition;
  return kernel<string>(opType, {
    versions,
    types: definition.types ?? `T, T -> ${gives ?? 'T'}`,
    where: { T: of, ...definition.where },
    run: (call) => {
      const [a, b] = binaryInputs(call);
      if (loop !== undefined && a.dtype === 'float32') return zipFloats(a, b, loop);
      const chosen = special[a.dtype] ?? (isWide(a.dtype) && wide !== undefined ? opaque(wide) : apply);
      return zipElements(a, b, gives ?? a.dtype, chosen);
    },
  });
}

/** Lets a function of bigints work on cells. */
export function opaque(
  of: (...values: bigint[]) => bigint | number | boolean,
): (...values: number[]) => number {
  return of as never;
}

/** Both inputs, the second shaped so that it broadcasts from the right. */
export function binaryInputs(call: KernelCall): [NdArray, NdArray] {
  const [a, b] = call.inputs as [NdArray, NdArray];
  if (call.version >= 7 || !('broadcast' in call.attributes)) return [a, b];
  if (call.attributes['broadcast'] !== 1) {
    if (sameDims(a.dims, b.dims)) return [a, b];
    throw new ModelError(
      'shape-mismatch',
      `Before opset 7 shapes broadcast only with broadcast=1; they are [${a.dims}] and [${b.dims}].`,
    );
  }
  const axis = call.attributes['axis'];
  if (typeof axis !== 'number') return [a, b];
  const start = axis < 0 ? axis + a.dims.length : axis;
  const tail = Math.max(0, a.dims.length - start - b.dims.length);
  return [a, reshaped(b, [...b.dims, ...new Array<number>(tail).fill(1)])];
}

/** Kernel of an operator that combines any number of arrays, broadcast against each other. */
export function variadic(
  opType: string,
  versions: readonly number[],
  of: readonly DataType[],
  combine: (inputs: readonly NdArray[]) => NdArray,
): Kernel {
  return kernel<string>(opType, {
    versions,
    types: 'T... -> T',
    where: { T: of },
    run: ({ inputs }) => combine(inputs as readonly NdArray[]),
  });
}

/** Σ inputs / divisor: summed in double precision from left to right, rounded once. */
export function sumOf(inputs: readonly NdArray[], divisor = 1): NdArray {
  const { dtype } = inputs[0]!;
  const sum = inputs.reduce((a, b) => zipElements(a, b, 'float64', (x, y) => x + y));
  return mapElements(sum, dtype, (x) => x / divisor);
}
