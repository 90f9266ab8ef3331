import type { Call, Register } from './call.ts';
import { type Dim, type Facts, tensorFacts } from './facts.ts';

/**
 * Scaled dot-product attention: [batch, heads, length, size], or [batch, length, heads · size] with the numbers of
 * heads as attributes.
 *
 * @see https://onnx.ai/onnx/operators/onnx__Attention.html
 */
export function registerAttention(register: Register): void {
  register('Attention', (call): readonly (Facts | undefined)[] => {
    const [q, k, v] = [0, 1, 2].map((i) => call.shape(i));
    for (const index of [0, 1, 2]) call.requireRank(index, (rank) => rank === 3 || rank === 4, '3 or 4');
    if (q === undefined || k === undefined || v === undefined) return [tensorFacts(call.dtype(0), undefined)];
    const query = headsOf(call, q, 'q_num_heads');
    const key = headsOf(call, k, 'kv_num_heads');
    const value = headsOf(call, v, 'kv_num_heads');
    const past = call.shape(4)?.[2];
    const total = call.has(4) ? sum(past, key.length) : key.length;
    const y =
      q.length === 4
        ? [query.batch, query.heads, query.length, value.size]
        : [query.batch, query.length, multiply(query.heads, value.size)];
    return [
      tensorFacts(call.dtype(0), y),
      tensorFacts(call.dtype(1), [key.batch, key.heads, total, key.size]),
      tensorFacts(call.dtype(2), [value.batch, value.heads, total, value.size]),
      tensorFacts(call.dtype(0), [query.batch, query.heads, query.length, total]),
    ];
  });
  register(
    'FlexAttention',
    (call) => {
      const [q, v] = [call.shape(0), call.shape(2)];
      for (const index of [0, 1, 2]) call.requireRank(index, (rank) => rank === 4, '4');
      return [tensorFacts(call.dtype(0), q && [q[0], q[1], q[2], v?.[3]])];
    },
    'ai.onnx.preview',
  );
}

interface Heads {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly length: Dim;
  readonly size: Dim;
}

function headsOf(call: Call, shape: readonly Dim[], attribute: string): Heads {
  if (shape.length === 4) return { batch: shape[0], heads: shape[1], length: shape[2], size: shape[3] };
  const heads = call.findInt(attribute);
  const width = shape[2];
  const size = typeof width === 'number' && heads ? width / heads : undefined;
  return { batch: shape[0], heads, length: shape[1], size };
}

function sum(a: Dim, b: Dim): Dim {
  return typeof a === 'number' && typeof b === 'number' ? a + b : undefined;
}

function multiply(a: Dim, b: Dim): Dim {
  return typeof a === 'number' && typeof b === 'number' ? a * b : undefined;
}
