import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, doublesOf, makeArray, type NdArray, numbersOf, sameDims } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

const rules = new Map([
  ['linear', { gated: false, delta: false }],
  ['gated', { gated: true, delta: false }],
  ['delta', { gated: false, delta: true }],
  ['gated_delta', { gated: true, delta: true }],
]);

/**
 * Attention without softmax, as a recurrence over a state S [key, value] of each head:
 *
 *     S ← e^decay·S      v ← β·(v − Sᵀk)      S ← S + k·vᵀ      y = scale·Sᵀq
 *
 * where the first step belongs to the gated and the second to the delta rules.
 */
export const linearAttention = kernel('LinearAttention', {
  versions: [27],
  types: 'T, T, T, S, T, T -> T, ?',
  where: { T: floats, S: floats },
  outputTypes: ({ inputs: [query, , , past] }) => [query, past ?? query],
  run({ attributes, inputs }) {
    const [query, key, value, past, decay, beta] = inputs as [
      NdArray,
      NdArray,
      NdArray,
      ...(NdArray | undefined)[],
    ];
    const { q_num_heads: heads, kv_num_heads: groups, update_rule } = attributes;
    const rule = rules.get(update_rule);
    if (rule === undefined)
      throw new ModelError('unsupported-attribute', `LinearAttention has no update rule "${update_rule}".`);
    if (rule.gated !== (decay !== undefined) || rule.delta !== (beta !== undefined))
      throw new ModelError(
        'missing-input',
        `The inputs of LinearAttention do not fit the rule "${update_rule}".`,
      );
    const [batch, steps] = query.dims as [number, number];
    const keySize = query.dims[2]! / heads;
    const valueSize = value.dims[2]! / groups;
    const stateDims = [batch, groups, keySize, valueSize];
    const decaySize = (decay?.dims[2] ?? groups) / groups;
    const betaHeads = beta?.dims[2] ?? 1;
    const fits =
      heads % groups === 0 &&
      sameDims(key.dims, [batch, steps, groups * keySize]) &&
      sameDims(value.dims, [batch, steps, groups * valueSize]) &&
      (past === undefined || sameDims(past.dims, stateDims)) &&
      (decaySize === 1 || decaySize === keySize) &&
      (betaHeads === 1 || betaHeads === groups);
    if (!fits) {
      const shapes = inputs.map((input) => `[${input?.dims ?? ''}]`).join(', ');
      throw new ModelError('shape-mismatch', `${heads} heads over ${groups} groups do not fit ${shapes}.`);
    }
    const scale = attributes.scale === 0 ? 1 / Math.sqrt(keySize) : attributes.scale;
    const [q, k, v] = [query, key, value].map(numbersOf) as [Float32Array, Float32Array, Float32Array];
    const gates = decay && numbersOf(decay);
    const rates = beta && numbersOf(beta);
    const states =
      past === undefined ? new Float64Array(batch * groups * keySize * valueSize) : doublesOf(past);
    const target = allocateNumbers(query.dtype, [batch, steps, heads * valueSize]);
    const written = new Float64Array(valueSize);
    for (let row = 0; row < batch * groups; row++) {
      const [n, g] = [Math.floor(row / groups), row % groups];
      const state = states.subarray(row * keySize * valueSize, (row + 1) * keySize * valueSize);
      for (let t = 0; t < steps; t++) {
        const at = n * steps + t;
        const keyAt = (at * groups + g) * keySize;
        if (gates) {
          for (let i = 0; i < state.length; i++) {
            const gate = decaySize === 1 ? 0 : Math.floor(i / valueSize);
            state[i]! *= Math.exp(gates[(at * groups + g) * decaySize + gate]!);
          }
        }
        const rate = rates?.[at * betaHeads + (betaHeads === 1 ? 0 : g)] ?? 1;
        for (let m = 0; m < valueSize; m++) {
          let retrieved = 0;
          for (let d = 0; d < keySize && rates; d++) retrieved += state[d * valueSize + m]! * k[keyAt + d]!;
          written[m] = rate * (v[(at * groups + g) * valueSize + m]! - retrieved);
        }
        for (let i = 0; i < state.length; i++)
          state[i]! += k[keyAt + Math.floor(i / valueSize)]! * written[i % valueSize]!;
        for (let h = (g * heads) / groups; h < ((g + 1) * heads) / groups; h++) {
          for (let m = 0; m < valueSize; m++) {
            let sum = 0;
            for (let d = 0; d < keySize; d++)
              sum += q[(at * heads + h) * keySize + d]! * state[d * valueSize + m]!;
            target[(at * heads + h) * valueSize + m] = scale * sum;
          }
        }
      }
    }
    const stateType = past?.dtype ?? query.dtype;
    const stored = allocateNumbers(stateType, stateDims);
    stored.set(states);
    return [
      makeArray(query.dtype, [batch, steps, heads * valueSize], target),
      makeArray(stateType, stateDims, stored),
    ];
  },
});
