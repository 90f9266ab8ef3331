import { ModelError } from '../support/errors.ts';

/**
 * Who decides where a result is rounded in the integer operators (QLinearConv, QLinearAdd … and integer groups):
 *
 * - `onnxruntime`: the accumulator times one float32 scale, halves to even, each operator where ONNX Runtime rounds
 * - `onnx`: as the reference implementation of the standard, scales multiplied in double
 * - `half-even`: the exact quotient, halves to even before the zero point is added: TensorRT on a GPU
 * - `half-away`: the exact quotient, halves away from zero: TensorRT on a DLA
 */
export type RoundingConvention = 'onnxruntime' | 'onnx' | 'half-even' | 'half-away';

/** How float32 products (Conv, MatMul, Gemm) are summed: in ONNX Runtime's order and precision, or in double, rounded once. */
export type SumConvention = 'onnxruntime' | 'double';

/** What an int32 accumulator does beyond its range: wraps around as hardware does, or ends the run with an error. */
export type OverflowConvention = 'wrap' | 'error';

/** Choices that the standard leaves open and engines make differently. */
export interface Conventions {
  readonly rounding: RoundingConvention;
  readonly sums: SumConvention;
  readonly overflow: OverflowConvention;
}

/** ONNX Runtime's, which most quantized models are checked against. */
export const defaultConventions: Conventions = Object.freeze({
  rounding: 'onnxruntime',
  sums: 'onnxruntime',
  overflow: 'wrap',
});

const choices = {
  rounding: ['onnxruntime', 'onnx', 'half-even', 'half-away'],
  sums: ['onnxruntime', 'double'],
  overflow: ['wrap', 'error'],
} as const satisfies { readonly [K in keyof Conventions]: readonly Conventions[K][] };

/**
 * The choices that are given, the defaults for the others.
 *
 * @throws ModelError `bad-option`
 */
export function conventionsOf(given: Partial<Conventions>): Conventions {
  const { rounding, sums, overflow } = defaultConventions;
  return {
    rounding: chosen('rounding', given.rounding ?? rounding),
    sums: chosen('sums', given.sums ?? sums),
    overflow: chosen('overflow', given.overflow ?? overflow),
  };
}

function chosen<K extends keyof Conventions>(name: K, value: Conventions[K]): Conventions[K] {
  const known: readonly string[] = choices[name];
  if (known.includes(value)) return value;
  throw new ModelError('bad-option', `Option "${name}" is "${value}"; it can be ${known.join(', ')}.`);
}
