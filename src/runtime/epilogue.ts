import {
  type Activation,
  activationFunction,
  type CodedFunction,
  codedActivation,
  mixed,
  piecesOfCell,
  several,
} from './activation.ts';
import { type NdArray, type Numbers, repeated } from './array.ts';
import type { RoundingConvention } from './conventions.ts';
import type { Finisher } from './finish.ts';
import { bandSums } from './integer/band-sums.ts';
import { saturate, saturateAway } from './quantize.ts';
import { logistic32 } from './special.ts';

const { fround } = Math;

/** Half to even for small numbers: adding 1.5·2^52 leaves no room for a fraction. */
const half = 6755399441055744;

/** Elements that are finished together, small enough to stay in the nearest cache. */
const chunk = 1024;
const line = new Float64Array(chunk);

/**
 * What a fused operator does with its int32 sums: sum · factor + shift, rounded to float32 once; + residual; activation;
 * then int8 codes, or float32 as it is.
 */
export interface Epilogue {
  readonly kind: 'epilogue';
  readonly channels: number;
  /** float32 factor of each channel, or of all: the scales of data and weights, and what is folded into them. */
  readonly factors: Float64Array;
  /** float32 numbers added to each channel. */
  readonly shifts: Float64Array | undefined;
  /** Added element by element: float32, or int8 codes with their scale. */
  readonly residual: { readonly values: NdArray; readonly scale: number | undefined } | undefined;
  readonly activation: Activation | undefined;
  /** Scale of the int8 codes that leave; float32 leaves where there is none. */
  readonly scale: number | undefined;
  readonly rounding: RoundingConvention;
}

export function epilogueFinisher(epilogue: Epilogue, target: Numbers): Finisher {
  const { channels } = epilogue;
  const factors = repeated(epilogue.factors, channels);
  const shifts = epilogue.shifts ?? new Float64Array(channels);
  const finish = lineFinisher(epilogue, target, staysFinite(factors, shifts, epilogue.residual));
  const run: Finisher['run'] = (from, to, count, channel) => {
    for (let done = 0; done < count; done += chunk) {
      const some = Math.min(chunk, count - done);
      scaleRun(from + done, some, factors[channel]!, shifts[channel]!, 0);
      finish(to + done, some);
    }
  };
  return {
    run,
    planes(from, to, size, channel, count) {
      // As many small planes at a time as the line has room for.
      const together = Math.max(1, Math.floor(chunk / size));
      for (let done = 0; done < count; done += together) {
        const [start, some] = [from + done * size, Math.min(together, count - done)];
        if (together === 1) run(start, to + done * size, size, channel + done);
        else {
          for (let i = 0; i < some; i++) {
            const c = channel + done + i;
            scaleRun(start + i * size, size, factors[c]!, shifts[c]!, i * size);
          }
          finish(to + done * size, some * size);
        }
      }
    },
    row(from, to, count, channel) {
      for (let done = 0; done < count; done += chunk) {
        const some = Math.min(chunk, count - done);
        scaleRow(from + done, some, factors, shifts, channel + done);
        finish(to + done, some);
      }
    },
  };
}

/** Whether no number on the way can leave float32. */
function staysFinite(factors: Float64Array, shifts: Float64Array, residual: Epilogue['residual']): boolean {
  const isSmall = (x: number) => Math.abs(x) < 1e20;
  const isCoded = residual === undefined || residual.values.dtype === 'int8';
  return isCoded && isSmall(residual?.scale ?? 1) && factors.every(isSmall) && shifts.every(isSmall);
}

// Each loop finds its memory in constants, for the reasons that integer/tile.ts gives.

const scaleRun = (() => {
  const [sums, to] = [bandSums, line];
  return (from: number, count: number, factor: number, shift: number, at: number): void => {
    for (let j = 0; j < count; j = (j + 1) | 0)
      to[(at + j) | 0] = fround(sums[(from + j) | 0]! * factor + shift);
  };
})();

const scaleRow = (() => {
  const [sums, to] = [bandSums, line];
  return (
    from: number,
    count: number,
    factors: Float64Array,
    shifts: Float64Array,
    channel: number,
  ): void => {
    for (let j = 0; j < count; j = (j + 1) | 0) {
      const c = (channel + j) | 0;
      to[j] = fround(sums[(from + j) | 0]! * factors[c]! + shifts[c]!);
    }
  };
})();

/** Finishes the first elements of the line and writes them from a position on. */
function lineFinisher(
  { residual, activation, scale, rounding }: Epilogue,
  target: Numbers,
  staysFinite: boolean,
): (to: number, count: number) => void {
  const isSimple = activation === undefined || activation.name === 'Relu' || activation.name === 'Clip';
  const of = activation && activationFunction(activation);
  const coded =
    of === undefined || isSimple || scale === undefined
      ? undefined
      : codedActivation(activation!, scale, rounding);
  const [low, high] = boundsOf(activation);
  const cuts =
    activation?.name === 'Relu' && staysFinite && rounding !== 'half-away' && rounding !== 'onnxruntime';
  return (to, count) => {
    if (residual !== undefined) addResidual(residual.values, residual.scale, to, count);
    if (coded !== undefined) {
      writeCoded(coded, to, count, target as Int8Array);
      return;
    }
    if (cuts && scale !== undefined) {
      writeCut(scale, to, count, target as Int8Array);
      return;
    }
    if (activation?.name === 'Silu') siluLine(count);
    else if (!isSimple) for (let j = 0; j < count; j++) line[j] = of!(line[j]!);
    else if (activation?.name === 'Relu') reluLine(count, staysFinite);
    else if (activation !== undefined) clampLine(count, low, high);
    if (scale === undefined) writeReals(to, count, target as Float32Array);
    else writeCodes(scale, rounding, to, count, target as Int8Array);
  };
}

function addResidual({ data }: NdArray, scale: number | undefined, from: number, count: number): void {
  if (data instanceof Int8Array) addCodes(data, scale ?? 1, from, count);
  else addReals(data as Float32Array, scale ?? 1, from, count);
}

const addCodes = (() => {
  const to = line;
  return (codes: Int8Array, scale: number, from: number, count: number): void => {
    for (let j = 0; j < count; j = (j + 1) | 0)
      to[j] = fround(to[j]! + fround(codes[(from + j) | 0]! * scale));
  };
})();

const addReals = (() => {
  const to = line;
  return (reals: Float32Array, scale: number, from: number, count: number): void => {
    for (let j = 0; j < count; j = (j + 1) | 0)
      to[j] = fround(to[j]! + fround(reals[(from + j) | 0]! * scale));
  };
})();

const clampLine = (() => {
  const to = line;
  return (count: number, low: number, high: number): void => {
    for (let j = 0; j < count; j = (j + 1) | 0) to[j] = Math.min(Math.max(to[j]!, low), high);
  };
})();

const reluLine = (() => {
  const to = line;
  return (count: number, isBounded: boolean): void => {
    // Which elements are negative cannot be foreseen: no branch. NaN stays, −0 becomes 0 in either way.
    if (isBounded) for (let j = 0; j < count; j = (j + 1) | 0) to[j] = (to[j]! + Math.abs(to[j]!)) * 0.5;
    else for (let j = 0; j < count; j = (j + 1) | 0) to[j] = Math.max(to[j]!, 0);
  };
})();

const writeReals = (() => {
  const from = line;
  return (to: number, count: number, target: Float32Array): void => {
    for (let j = 0; j < count; j = (j + 1) | 0) target[(to + j) | 0] = from[j]!;
  };
})();

/** The activation most networks have, without a call for each element. */
const siluLine = (() => {
  const to = line;
  return (count: number): void => {
    for (let j = 0; j < count; j = (j + 1) | 0) to[j] = fround(to[j]! * logistic32(to[j]!));
  };
})();

/** The bounds of Clip. */
function boundsOf(activation: Activation | undefined): [number, number] {
  return [activation?.values[0] ?? -Infinity, activation?.values[1] ?? Infinity];
}

const writeCoded = (() => {
  const from = line;
  const [none, more, parts] = [mixed, several, piecesOfCell];
  return (
    { start, density, cells, pieces, codeOf }: CodedFunction,
    to: number,
    count: number,
    target: Int8Array,
  ): void => {
    const limit = cells.length;
    for (let j = 0; j < count; j = (j + 1) | 0) {
      const value = from[j]!;
      const place = (value - start) * density;
      const cell = place | 0;
      let code = place >= 0 && place < limit ? cells[cell]! : none;
      if (code >= more && code < none)
        code = pieces[((code - more) * parts + (((place - cell) * parts) | 0)) | 0]!;
      target[(to + j) | 0] = code === none ? codeOf(value) : code;
    }
  };
})();

/** Codes behind a Relu, without a branch: the code of a negative number is below 0, and (d + |d|) / 2 the larger of d and 0. */
const writeCut = (() => {
  const [from, whole] = [line, half];
  return (scale: number, to: number, count: number, target: Int8Array): void => {
    for (let j = 0; j < count; j = (j + 1) | 0) {
      const code = from[j]! / scale + whole - whole;
      const rest = 127 - (code + Math.abs(code)) * 0.5;
      target[(to + j) | 0] = 127 - (rest + Math.abs(rest)) * 0.5;
    }
  };
})();

/** Clamping before rounding comes to the same; a comparison that fails takes NaN down. */
const writeCodes = (() => {
  const [from, whole] = [line, half];
  return (
    scale: number,
    rounding: RoundingConvention,
    to: number,
    count: number,
    target: Int8Array,
  ): void => {
    if (rounding === 'half-away')
      for (let j = 0; j < count; j++) target[to + j] = saturateAway(from[j]! / scale, 0, -128, 127);
    else if (rounding === 'onnxruntime')
      for (let j = 0; j < count; j++) target[to + j] = saturate(fround(from[j]! / scale), 0, -128, 127);
    else
      for (let j = 0; j < count; j = (j + 1) | 0) {
        let quotient = from[j]! / scale;
        if (quotient > 127) quotient = 127;
        if (!(quotient > -128)) quotient = -128;
        target[(to + j) | 0] = quotient + whole - whole;
      }
  };
})();
