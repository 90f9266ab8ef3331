import { fusedDomain } from '../fused.ts';
import { kernel } from '../kernel.ts';
import { pointwise } from '../pointwise.ts';

/** Product of int8 codes of two scales, an activation, and int8 codes of a third scale. */
export const integerMul = kernel<string>('IntegerMul', {
  domain: fusedDomain,
  versions: [1],
  types: 'int8, float32, int8, float32, float32 -> int8',
  run: (call) => pointwise(call, (x, y) => x * y),
});
