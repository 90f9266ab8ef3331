import type { Call } from './call.ts';
import { type Contents, countOf, type Dim, isKnown, maxContents, type Shape } from './facts.ts';

/** The shape several tensors broadcast to, right-aligned; `undefined` when a rank is unknown. Throws `shape-mismatch`. */
export function broadcastShapes(call: Call, shapes: readonly Shape[]): Shape {
  let result: readonly Dim[] = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    result = broadcastTwo(call, result, shape);
  }
  return result;
}

function broadcastTwo(call: Call, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [i - rank + a.length, i - rank + b.length];
    return left < 0 ? b[right] : right < 0 ? a[left] : broadcastDims(call, a[left], b[right]);
  });
}

function broadcastDims(call: Call, a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number' && typeof b === 'number')
    return call.fail('shape-mismatch', `lengths ${a} and ${b} do not broadcast.`);
  // A symbol or an unknown length has to be 1 or the other length; either way the result is the other.
  return typeof a === 'number' ? a : typeof b === 'number' ? b : undefined;
}

/** Elements of an elementwise operator's output, from what is known of its inputs'. */
export function broadcastContents(
  shapes: readonly Shape[],
  contents: readonly (Contents | undefined)[],
  output: Shape,
  combine: (values: readonly (number | string | undefined)[]) => number | string | undefined,
): Contents | undefined {
  const count = countOf(output);
  if (count === undefined || count > maxContents || output === undefined || !isKnown(output))
    return undefined;
  if (contents.some((values) => values === undefined)) return undefined;
  const strides = shapes.map((shape) => broadcastStrides(shape as readonly number[], output));
  return Array.from({ length: count }, (_, flat) =>
    combine(contents.map((values, k) => values![offsetOf(flat, output, strides[k]!)])),
  );
}

/** Steps through a tensor as each axis of the shape it is broadcast to advances; 0 along repeated axes. */
function broadcastStrides(shape: readonly number[], output: readonly number[]): readonly number[] {
  const lead = output.length - shape.length;
  let stride = 1;
  const strides = new Array<number>(output.length).fill(0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[lead + axis] = shape[axis] === 1 ? 0 : stride;
    stride *= shape[axis]!;
  }
  return strides;
}

function offsetOf(flat: number, dims: readonly number[], strides: readonly number[]): number {
  let offset = 0;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    offset += (flat % dims[axis]!) * strides[axis]!;
    flat = Math.floor(flat / dims[axis]!);
  }
  return offset;
}
