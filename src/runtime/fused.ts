import type { Activation, ActivationName } from './activation.ts';
import { activations } from './activation.ts';
import { type Numbers, numbersOf, repeated } from './array.ts';
import type { Epilogue } from './epilogue.ts';
import type { KernelCall } from './kernel.ts';

/** The domain of operators that only integer groups are made of; no file has them. */
export const fusedDomain = 'qdq-surgeon';

/** Inputs that fused operators have in common, by position; those from 4 on are optional. */
export const fusedInputs = { gain: 4, shift: 5, scale: 6, residual: 7, residualScale: 8 } as const;

/** What a fused operator does with its sums, as its attributes and inputs say. */
export function epilogueOf({ attributes, inputs, conventions }: KernelCall, channels: number): Epilogue {
  const numbers = (index: number) => inputs[index] && numbersOf(inputs[index]);
  const [x, w] = [numbers(1)![0]!, numbers(3)!];
  const gain = numbers(fusedInputs.gain);
  const shift = numbers(fusedInputs.shift);
  const residual = inputs[fusedInputs.residual];
  return {
    kind: 'epilogue',
    channels,
    factors: factorsOf(x, w, gain),
    shifts: shift && repeated(shift, channels),
    residual: residual && { values: residual, scale: numbers(fusedInputs.residualScale)?.[0] },
    activation: activationOf(attributes),
    scale: numbers(fusedInputs.scale)?.[0],
    rounding: conventions.rounding,
  };
}

function factorsOf(x: number, w: Numbers, gain: Numbers | undefined): Float64Array {
  const factors = new Float64Array(Math.max(w.length, gain?.length ?? 1));
  for (let c = 0; c < factors.length; c++)
    factors[c] = Math.fround(x * w[c % w.length]! * (gain?.[c % gain.length] ?? 1));
  return factors;
}

export function activationOf(attributes: KernelCall['attributes']): Activation | undefined {
  const name = attributes['activation'] as ActivationName | undefined;
  if (name === undefined || !(name in activations)) return undefined;
  return { name, values: (attributes['values'] as readonly number[] | undefined) ?? [] };
}

/** The element type of a fused operator's result: codes where there is a scale for them. */
export function fusedOutputTypes({
  inputs,
}: {
  readonly inputs: readonly (string | undefined)[];
}): ['int8' | 'float32'] {
  return [inputs[fusedInputs.scale] === undefined ? 'float32' : 'int8'];
}
