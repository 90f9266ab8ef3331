import { ModelError } from '../support/errors.ts';
import { allocateNumbers, doublesOf, integersOf, makeArray, type NdArray } from './array.ts';
import type { KernelCall } from './kernel.ts';

/** A step of a recurrent network for one batch element: from the input and the state to the new state, in place. */
export type Cell = (x: Float64Array, hidden: Float64Array, memory: Float64Array) => void;

/** What one direction of a recurrent layer is made of. */
export interface Direction {
  readonly index: number;
  readonly hiddenSize: number;
  readonly inputSize: number;
  /** Input weights, recurrence weights and biases of the direction; biases are zero where absent. */
  readonly w: Float64Array;
  readonly r: Float64Array;
  readonly wBias: Float64Array;
  readonly rBias: Float64Array;
  readonly peephole: Float64Array;
  /** The n-th activation of the direction. */
  activation(n: number): (x: number) => number;
  /** Keeps the argument of an activation within ±clip. */
  clip(x: number): number;
}

/** Sizes of a recurrent operator. */
export interface Recurrence {
  readonly gates: number;
  readonly activations: readonly string[];
  readonly makeCell: (direction: Direction) => Cell;
}

/**
 * Runs RNN, GRU or LSTM: all directions over all steps, in double precision.
 *
 * @returns Y [steps, directions, batch, hidden], Y_h [directions, batch, hidden] and Y_c (layout 1: batch first)
 */
export function runRecurrent(call: KernelCall, recurrence: Recurrence): NdArray[] {
  const { attributes } = call;
  const [x, w, r, , lengthsInput, hiddenInput, memoryInput] = call.inputs as readonly NdArray[];
  const batchFirst = attributes['layout'] === 1;
  const [steps, batch] = (batchFirst ? [x!.dims[1], x!.dims[0]] : x!.dims) as [number, number];
  const inputSize = x!.dims[2]!;
  const hiddenSize = r!.dims[2]!;
  const kind = attributes['direction'] as string;
  const directions = kind === 'bidirectional' ? 2 : 1;
  checkDims(w!, [directions, recurrence.gates * hiddenSize, inputSize], 'W');
  checkDims(r!, [directions, recurrence.gates * hiddenSize, hiddenSize], 'R');
  const lengths =
    lengthsInput === undefined ? new Array<number>(batch).fill(steps) : integersOf(lengthsInput);
  const source = doublesOf(x!);
  const state = (given: NdArray | undefined) =>
    given === undefined ? new Float64Array(directions * batch * hiddenSize) : doublesOf(given);
  const at = (d: number, n: number) => (batchFirst ? n * directions + d : d * batch + n) * hiddenSize;
  const hidden = state(hiddenInput);
  const memory = state(memoryInput);
  const outputDims = batchFirst
    ? [batch, steps, directions, hiddenSize]
    : [steps, directions, batch, hiddenSize];
  const output = allocateNumbers(x!.dtype, outputDims);
  for (let d = 0; d < directions; d++) {
    const cell = recurrence.makeCell(directionOf(call, recurrence, d, directions, inputSize, hiddenSize));
    const backwards = kind === 'reverse' || d === 1;
    for (let n = 0; n < batch; n++) {
      const h = hidden.subarray(at(d, n), at(d, n) + hiddenSize);
      const c = memory.subarray(at(d, n), at(d, n) + hiddenSize);
      for (let turn = 0; turn < lengths[n]!; turn++) {
        const step = backwards ? lengths[n]! - 1 - turn : turn;
        const from = (batchFirst ? n * steps + step : step * batch + n) * inputSize;
        cell(source.subarray(from, from + inputSize), h, c);
        const to = batchFirst
          ? ((n * steps + step) * directions + d) * hiddenSize
          : ((step * directions + d) * batch + n) * hiddenSize;
        output.set(h, to);
      }
    }
  }
  const stateDims = batchFirst ? [batch, directions, hiddenSize] : [directions, batch, hiddenSize];
  const stored = (values: Float64Array) => {
    const data = allocateNumbers(x!.dtype, stateDims);
    data.set(values);
    return makeArray(x!.dtype, stateDims, data);
  };
  return [makeArray(x!.dtype, outputDims, output), stored(hidden), stored(memory)];
}

/** bias + Σ weights[row]·values */
export function dot(weights: Float64Array, row: number, values: Float64Array): number {
  let sum = 0;
  const start = row * values.length;
  for (let k = 0; k < values.length; k++) sum += weights[start + k]! * values[k]!;
  return sum;
}

function directionOf(
  call: KernelCall,
  { gates, activations }: Recurrence,
  index: number,
  directions: number,
  inputSize: number,
  hiddenSize: number,
): Direction {
  const { attributes, inputs } = call;
  const rows = gates * hiddenSize;
  const part = (array: NdArray | undefined, size: number) =>
    array === undefined
      ? new Float64Array(size)
      : doublesOf(array).subarray(index * size, (index + 1) * size);
  const bias = part(inputs[3], 2 * rows);
  const names = (attributes['activations'] as readonly string[] | undefined) ?? [];
  const own =
    names.length >= activations.length * directions ? names.slice(index * activations.length) : activations;
  const limit = attributes['clip'] as number | undefined;
  const chosen = activations.map((_, n) => {
    const at = index * activations.length + n;
    const alpha = (attributes['activation_alpha'] as readonly number[] | undefined)?.[at];
    const beta = (attributes['activation_beta'] as readonly number[] | undefined)?.[at];
    return activationOf(own[n]!, alpha, beta);
  });
  return {
    index,
    hiddenSize,
    inputSize,
    w: part(inputs[1], rows * inputSize),
    r: part(inputs[2], rows * hiddenSize),
    wBias: bias.subarray(0, rows),
    rBias: bias.subarray(rows),
    peephole: part(inputs[7], 3 * hiddenSize),
    activation: (n) => chosen[n]!,
    clip: (x) => (limit === undefined ? x : Math.max(-limit, Math.min(limit, x))),
  };
}

function activationOf(
  name: string,
  alpha: number | undefined,
  beta: number | undefined,
): (x: number) => number {
  switch (name.toLowerCase()) {
    case 'sigmoid':
      return (x) => 1 / (1 + Math.exp(-x));
    case 'tanh':
      return Math.tanh;
    case 'relu':
      return (x) => Math.max(0, x);
    case 'affine':
      return (x) => (alpha ?? 1) * x + (beta ?? 0);
    case 'leakyrelu':
      return (x) => (x < 0 ? (alpha ?? 0.01) * x : x);
    case 'thresholdedrelu':
      return (x) => (x > (alpha ?? 1) ? x : 0);
    case 'scaledtanh':
      return (x) => (alpha ?? 1) * Math.tanh((beta ?? 1) * x);
    case 'hardsigmoid':
      return (x) => Math.max(0, Math.min(1, (alpha ?? 0.2) * x + (beta ?? 0.5)));
    case 'elu':
      return (x) => (x < 0 ? (alpha ?? 1) * Math.expm1(x) : x);
    case 'softsign':
      return (x) => x / (1 + Math.abs(x));
    case 'softplus':
      return (x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);
    default:
      throw new ModelError('unsupported-attribute', `There is no activation "${name}".`);
  }
}

function checkDims(array: NdArray, wanted: readonly number[], name: string): void {
  if (wanted.length === array.dims.length && wanted.every((d, i) => d === array.dims[i])) return;
  throw new ModelError('shape-mismatch', `${name} is [${array.dims}]; it has to be [${wanted}].`);
}
