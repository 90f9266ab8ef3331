import type { RoundingConvention } from './conventions.ts';
import { halfAway } from './quantize.ts';
import { errorFunction, logistic32 } from './special.ts';

const { fround } = Math;

/** Functions that an engine applies to the result of a fused operator, each rounded as its operators alone would. */
export const activations = {
  Relu: () => (x: number) => Math.max(x, 0),
  Clip:
    ([low = -Infinity, high = Infinity]: readonly number[]) =>
    (x: number) =>
      Math.min(Math.max(x, low), high),
  LeakyRelu:
    ([alpha = 0.01]: readonly number[]) =>
    (x: number) =>
      x < 0 ? fround(alpha * x) : x,
  Sigmoid: () => logistic32,
  Silu: () => (x: number) => fround(x * logistic32(x)),
  HardSwish: () => (x: number) => fround(x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  Gelu: () => (x: number) => fround(0.5 * x * (1 + errorFunction(x * Math.SQRT1_2))),
} as const;

export type ActivationName = keyof typeof activations;

/** An activation with its numbers: the bounds of Clip, the slope of LeakyRelu. */
export interface Activation {
  readonly name: ActivationName;
  readonly values: readonly number[];
}

export function activationFunction({ name, values }: Activation): (x: number) => number {
  return activations[name](values);
}

/** The codes of a function of real numbers, most of them from a table. */
export interface CodedFunction {
  /** Where the cells begin, and how many there are to 1. */
  readonly start: number;
  readonly density: number;
  /** The code of each cell; where it has several, `several` and more by how many such cells there are before. */
  readonly cells: Int16Array;
  /** The codes of the pieces of each cell that has several, `mixed` where a piece has. */
  readonly pieces: Int16Array;
  /** The code of any number. */
  readonly codeOf: (x: number) => number;
}

/** No code of 8 bits. */
export const mixed = 32767;
export const several = 256;

/** Pieces of a cell. */
export const piecesOfCell = 32;

/** Quanta to either side of a boundary between codes in which a cell is not trusted: far beyond float32's rounding. */
const margin = 1e-3;

const cellCount = 4096;

/** Functions cut into cells before; a network has one for each convolution, and needs them in every run. */
const known = new Map<string, CodedFunction>();
const mostKnown = 1024;

/** The codes of an activation, worked out once for each scale. */
export function codedActivation(
  activation: Activation,
  scale: number,
  rounding: RoundingConvention,
): CodedFunction {
  const key = `${activation.name} ${activation.values} ${scale} ${rounding}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= mostKnown) known.clear();
  const made = codedFunction(activationFunction(activation), scale, rounding, lowestPoint(activation));
  known.set(key, made);
  return made;
}

/**
 * Cuts the range in which a function's int8 codes differ into cells; a cell whose ends, and the function's lowest point where it
 * lies inside, have one code well away from its boundaries has that code all over.
 *
 * @param of falls to one lowest point at most and rises from there
 */
function codedFunction(
  of: (x: number) => number,
  scale: number,
  rounding: RoundingConvention,
  lowest: number | undefined,
): CodedFunction {
  const quotient =
    rounding === 'onnxruntime' ? (x: number) => fround(of(x) / scale) : (x: number) => of(x) / scale;
  const whole = rounding === 'half-away' ? halfAway : halfToEven;
  const clamp = (code: number) => Math.max(-128, Math.min(127, code));
  const codeOf = (x: number) => clamp(whole(clampFinite(quotient(x))));
  const reach = 130 * scale + 8;
  const density = cellCount / (2 * reach);
  const settled = (x: number) => {
    const q = of(x) / scale;
    const code = clamp(Math.round(q));
    return clamp(Math.round(q - margin)) === code && clamp(Math.round(q + margin)) === code
      ? code
      : undefined;
  };
  const codeBetween = (from: number, to: number) => {
    const [low, high] = [-reach + from / density, -reach + to / density];
    const codes = [settled(low), settled(high)];
    if (lowest !== undefined && lowest > low && lowest < high) codes.push(settled(lowest));
    return codes.every((code) => code !== undefined && code === codes[0]) ? codes[0]! : mixed;
  };
  const pieces: number[] = [];
  const cells = Int16Array.from({ length: cellCount }, (_, i) => {
    const code = codeBetween(i, i + 1);
    if (code !== mixed) return code;
    const before = pieces.length / piecesOfCell;
    for (let p = 0; p < piecesOfCell; p++)
      pieces.push(codeBetween(i + p / piecesOfCell, i + (p + 1) / piecesOfCell));
    return several + before;
  });
  return { start: -reach, density, cells, pieces: Int16Array.from(pieces), codeOf };
}

/** Where an activation is lowest, if it does not only rise. */
function lowestPoint({ name, values }: Activation): number | undefined {
  if (name === 'Silu') return -1.278464542761074;
  if (name === 'Gelu') return -0.751791524693564;
  if (name === 'HardSwish') return -1.5;
  return name === 'LeakyRelu' && values[0]! < 0 ? 0 : undefined;
}

function halfToEven(value: number): number {
  return value + 6755399441055744 - 6755399441055744;
}

function clampFinite(value: number): number {
  return value > -1e6 ? Math.min(value, 1e6) : -1e6;
}
