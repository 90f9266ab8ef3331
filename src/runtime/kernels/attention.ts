import { dataTypeFromCode } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, integersOf, makeArray, type NdArray, numbersOf } from '../array.ts';
import { appendSequence, joinHeads, maskReader, splitHeads } from '../attention-heads.ts';
import { floats, integers } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { floatRounder } from '../round-float.ts';

/**
 * softmax(softcap(scale·Q·Kᵀ) + mask)·V for each head. Queries may come in groups that share keys and values; past keys
 * and values are put in front. A query that may see nothing gives zeros.
 */
export const attention = kernel('Attention', {
  versions: [23, 24, 25],
  types: 'T, T, V, U, T, V, int64 -> T, T, V, T',
  where: { T: floats, V: floats, U: [...floats, ...integers, 'bool'] },
  run({ attributes, inputs, wants }) {
    const [query, key, value, mask, pastKey, pastValue, validInput] = inputs as [
      NdArray,
      NdArray,
      NdArray,
      ...(NdArray | undefined)[],
    ];
    const q = splitHeads(query, attributes.q_num_heads);
    const k = appendSequence(pastKey, splitHeads(key, attributes.kv_num_heads));
    const v = appendSequence(pastValue, splitHeads(value, attributes.kv_num_heads));
    const [batch, heads, queries, size] = q.dims as [number, number, number, number];
    const [, groups, keys] = k.dims as [number, number, number];
    const width = v.dims[3]!;
    const fits =
      k.dims[0] === batch &&
      v.dims[0] === batch &&
      k.dims[3] === size &&
      v.dims[2] === keys &&
      v.dims[1] === groups;
    if (!fits || heads % groups !== 0)
      throw new ModelError(
        'shape-mismatch',
        `Queries [${q.dims}], keys [${k.dims}] and values [${v.dims}] do not fit.`,
      );
    const scale = attributes.scale ?? 1 / Math.sqrt(size);
    const cap = attributes.softcap;
    const mode = attributes.qk_matmul_output_mode;
    const biasAt = maskReader(mask, [batch, heads, queries, keys]);
    const valid = validInput && integersOf(validInput);
    const precise = attributes.softmax_precision
      ? floatRounder(dataTypeFromCode(attributes.softmax_precision))
      : (score: number) => score;
    const [left, right, content] = [q, k, v].map(numbersOf) as [Float32Array, Float32Array, Float32Array];
    const dims = [batch, heads, queries, width];
    const target = allocateNumbers(query.dtype, dims);
    const traceDims = [batch, heads, queries, keys];
    const trace = wants(3) ? allocateNumbers(query.dtype, traceDims) : undefined;
    const scores = new Float64Array(keys);
    for (let row = 0; row < batch * heads * queries; row++) {
      const i = row % queries;
      const h = Math.floor(row / queries) % heads;
      const n = Math.floor(row / queries / heads);
      const group = n * groups + Math.floor((h * groups) / heads);
      const position = i + (pastKey?.dims[2] ?? (valid === undefined ? 0 : valid[n]! - queries));
      const [first, last] = windowOf(attributes, position, Math.min(keys, valid?.[n] ?? keys));
      const keep = (at: number, step: number, score: number) => {
        if (trace !== undefined && mode === step) trace[row * keys + at] = score;
      };
      let top = -Infinity;
      for (let j = 0; j < keys; j++) {
        let score = 0;
        for (let d = 0; d < size; d++) score += left[row * size + d]! * right[(group * keys + j) * size + d]!;
        score *= scale;
        keep(j, 0, score);
        if (cap > 0) score = Math.tanh(score / cap) * cap;
        keep(j, 1, score);
        score = j < first || j > last ? -Infinity : score + biasAt(n, h, i, j);
        keep(j, 2, score);
        scores[j] = precise(score);
        top = Math.max(top, scores[j]!);
      }
      let sum = 0;
      for (let j = 0; j < keys; j++) sum += scores[j] = top === -Infinity ? 0 : Math.exp(scores[j]! - top);
      for (let j = 0; j < keys; j++) {
        scores[j] = sum === 0 ? 0 : precise(scores[j]! / sum);
        keep(j, 3, scores[j]!);
      }
      for (let m = 0; m < width; m++) {
        let total = 0;
        for (let j = 0; j < keys; j++) total += scores[j]! * content[(group * keys + j) * width + m]!;
        target[row * width + m] = total;
      }
    }
    const y = makeArray(query.dtype, dims, target);
    return [
      query.dims.length === 3 ? joinHeads(y) : y,
      k,
      v,
      trace && makeArray(query.dtype, traceDims, trace),
    ];
  },
});

interface WindowAttributes {
  readonly is_causal: number;
  readonly left_window_size?: number | undefined;
  readonly right_window_size?: number | undefined;
}

/** The first and the last key that a query at a position may see; −1 leaves a side of the window open. */
function windowOf(attributes: WindowAttributes, position: number, keys: number): [number, number] {
  const { is_causal, left_window_size: left = -1, right_window_size: right = -1 } = attributes;
  const first = left < 0 ? 0 : position - left;
  const last = right < 0 ? keys - 1 : Math.min(keys - 1, position + right);
  return [first, is_causal === 1 ? Math.min(last, position) : last];
}
