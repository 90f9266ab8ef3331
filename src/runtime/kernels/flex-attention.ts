import { type DataType, dataTypeFromCode, type Graph } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf, sameDims } from '../array.ts';
import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { floatRounder } from '../round-float.ts';

/**
 * prob_mod(softmax(score_mod(scale·Q·Kᵀ)))·V for each head; query heads may come in groups that share keys and values.
 *
 * The subgraphs see all scores, or all probabilities, at once: [batch, heads, queries, keys] of `softmax_precision`, which
 * is float32 unless the queries are float64.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxpreview_FlexAttention.html
 */
export const flexAttention = kernel<string>('FlexAttention', {
  domain: 'ai.onnx.preview',
  versions: [1],
  types: 'T, T, T -> T',
  where: { T: floats },
  run(call) {
    const [query, key, value] = call.inputs as [NdArray, NdArray, NdArray];
    checkShapes(query, key, value);
    const scores = modified(call, 'score_mod', scoresOf(query, key, call));
    const probabilities = modified(call, 'prob_mod', softmaxOf(scores));
    return blend(probabilities, value, query.dtype);
  },
});

function checkShapes({ dims: q }: NdArray, { dims: k }: NdArray, { dims: v }: NdArray): void {
  const fits =
    [q, k, v].every(({ length }) => length === 4) &&
    q[0] === k[0] &&
    q[3] === k[3] &&
    sameDims(k.slice(0, 3), v.slice(0, 3)) &&
    q[1]! % k[1]! === 0;
  if (fits) return;
  throw new ModelError('shape-mismatch', `Queries [${q}], keys [${k}] and values [${v}] do not fit.`);
}

function scoresOf(query: NdArray, key: NdArray, { attributes }: KernelCall): NdArray {
  const [batch, heads, queries, size] = query.dims as [number, number, number, number];
  const [, groups, keys] = key.dims as [number, number, number];
  const scale = (attributes['scale'] as number | undefined) ?? 1 / Math.sqrt(size);
  const dtype = precisionOf(attributes['softmax_precision'] as number | undefined, query.dtype);
  const round = floatRounder(dtype);
  const dims = [batch, heads, queries, keys];
  const target = allocateNumbers(dtype, dims, 'overwritten');
  const [left, right] = [numbersOf(query), numbersOf(key)];
  for (let row = 0; row < batch * heads * queries; row++) {
    const start = row * size;
    const group = groupOf(Math.floor(row / queries), heads, groups);
    for (let j = 0; j < keys; j++) {
      const at = (group * keys + j) * size;
      let sum = 0;
      for (let d = 0; d < size; d++) sum += left[start + d]! * right[at + d]!;
      target[row * keys + j] = round(sum * scale);
    }
  }
  return makeArray(dtype, dims, target);
}

function precisionOf(code: number | undefined, dtype: DataType): DataType {
  if (code === undefined) return dtype === 'float64' ? 'float64' : 'float32';
  const precision = dataTypeFromCode(code);
  if (floats.includes(precision)) return precision;
  throw new ModelError('unsupported-attribute', `FlexAttention has no softmax_precision ${code}.`, {
    fix: 'It is one of the float types.',
  });
}

/** Which of the [batch · groups] shared heads one of the [batch · heads] query heads belongs to. */
function groupOf(head: number, heads: number, groups: number): number {
  return Math.floor(head / heads) * groups + Math.floor(((head % heads) * groups) / heads);
}

function modified({ attributes, runGraph }: KernelCall, name: string, x: NdArray): NdArray {
  const graph = attributes[name] as Graph | undefined;
  if (graph === undefined) return x;
  const [y] = runGraph(graph, [x]) as [NdArray];
  if (sameDims(x.dims, y.dims) && y.dtype === x.dtype) return y;
  throw new ModelError(
    'shape-mismatch',
    `${name} makes ${y.dtype}[${y.dims}] of ${x.dtype}[${x.dims}]; it has to keep type and shape.`,
  );
}

function softmaxOf(scores: NdArray): NdArray {
  const keys = scores.dims[3]!;
  const round = floatRounder(scores.dtype);
  const source = numbersOf(scores);
  const target = allocateNumbers(scores.dtype, scores.dims, 'overwritten');
  for (let start = 0; start < target.length; start += keys) {
    let top = -Infinity;
    for (let j = start; j < start + keys; j++) top = Math.max(top, source[j]!);
    let sum = 0;
    for (let j = start; j < start + keys; j++) sum += Math.exp(source[j]! - top);
    for (let j = start; j < start + keys; j++) target[j] = round(Math.exp(source[j]! - top) / sum);
  }
  return makeArray(scores.dtype, scores.dims, target);
}

function blend(probabilities: NdArray, value: NdArray, dtype: DataType): NdArray {
  const [batch, heads, queries, keys] = probabilities.dims as [number, number, number, number];
  const [, groups, , width] = value.dims as [number, number, number, number];
  const dims = [batch, heads, queries, width];
  const target = allocateNumbers(dtype, dims, 'overwritten');
  const [weights, content] = [numbersOf(probabilities), numbersOf(value)];
  for (let row = 0; row < batch * heads * queries; row++) {
    const group = groupOf(Math.floor(row / queries), heads, groups);
    for (let m = 0; m < width; m++) {
      let sum = 0;
      for (let j = 0; j < keys; j++)
        sum += weights[row * keys + j]! * content[(group * keys + j) * width + m]!;
      target[row * width + m] = sum;
    }
  }
  return makeArray(dtype, dims, target);
}
