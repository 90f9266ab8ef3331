import { type DataType, integerRange, type Tensor, tensor } from '../ir/index.ts';
import type { Constant, Objection } from '../pattern/index.ts';
import { roundHalfEven } from '../support/rounding.ts';
import { isPerTensor } from './quantizer.ts';

/** A scale and zero point, and the axis they run along where there are several. */
export interface Steps {
  readonly scale: Constant;
  readonly zero: Constant | undefined;
  readonly axis: number | undefined;
}

/** Objects unless there is one scale, or one for each index of an axis of the tensor. */
export function unlessStepsFit({ scale, zero, axis = 1 }: Steps, dims: readonly number[]): Objection {
  if (zero !== undefined && zero.size !== scale.size) return `${zero} and ${scale} differ in length`;
  if (scale.dtype !== 'float32') return `${scale} is ${scale.dtype}, not float32`;
  if (isPerTensor(scale)) return false;
  const along = axis < 0 ? axis + dims.length : axis;
  if (scale.dims.length !== 1) return `${scale} comes in blocks`;
  return dims[along] !== scale.size && `${scale} has ${scale.size} scales for axis ${axis} of [${dims}]`;
}

/** What QuantizeLinear makes of a constant. */
export function quantized(x: Constant, steps: Steps, dtype: DataType): Tensor {
  const { min, max } = integerRange(dtype)!;
  const step = stepsBy(steps, x.dims);
  const codes = Array.from(x.tensor.toTypedArray() as ArrayLike<number>, (value, i) => {
    const { scale, zero } = step(i);
    const quotient = Math.fround(value / scale);
    // NaN is the smallest code, as the quantizer has it.
    return Number.isNaN(quotient) ? min : Math.min(max, Math.max(min, roundHalfEven(quotient) + zero));
  });
  return tensor(dtype, x.dims, codes, x.name);
}

/** What DequantizeLinear makes of constant codes. */
export function dequantized(codes: Constant, steps: Steps): Tensor {
  const step = stepsBy(steps, codes.dims);
  const values = Float32Array.from(codes.tensor.toTypedArray() as ArrayLike<number>, (code, i) => {
    const { scale, zero } = step(i);
    return Math.fround(code - zero) * scale;
  });
  return tensor('float32', codes.dims, values, codes.name);
}

/** Scale and zero point of each element, in row-major order. */
function stepsBy({ scale, zero, axis = 1 }: Steps, dims: readonly number[]) {
  const [scales, zeros] = [scale.numbers(), zero?.numbers()];
  const along = axis < 0 ? axis + dims.length : axis;
  const inner = dims.slice(along + 1).reduce((product, length) => product * length, 1);
  const index = isPerTensor(scale) ? () => 0 : (i: number) => Math.floor(i / inner) % dims[along]!;
  return (i: number) => ({ scale: scales[index(i)]!, zero: zeros?.[index(i)] ?? 0 });
}
