import type { Call, Register } from './call.ts';
import { type Contents, type Dim, type Shape, tensorFacts } from './facts.ts';

/** Operators that sample images anew. */
export function registerResize(register: Register): void {
  register('Resize', (call) => [tensorFacts(call.dtype(0), resizeShape(call))]);
  register('Upsample', (call) => {
    const x = call.shape(0);
    const scales = call.floats('scales') ?? upsampleFactors(call) ?? call.contents(1);
    return [
      tensorFacts(
        call.dtype(0),
        x?.map((dim, i) => scaled(dim, scales?.[i])),
      ),
    ];
  });
  register('GridSample', (call) => {
    const [x, grid] = [call.shape(0), call.shape(1)];
    return [tensorFacts(call.dtype(0), x && grid && [x[0], x[1], ...grid.slice(1, -1)])];
  });
  register('AffineGrid', (call) => {
    const size = call.contents(1);
    const rank = size?.length ?? call.shape(1)?.[0];
    const shape: Shape =
      size !== undefined
        ? [size[0], ...size.slice(2), size.length - 2]
        : typeof rank === 'number' && rank <= 8
          ? [...new Array<Dim>(rank - 1).fill(undefined), rank - 2]
          : undefined;
    return [tensorFacts(call.dtype(0), shape)];
  });
}

function resizeShape(call: Call): Shape {
  const x = call.shape(0);
  if (x === undefined) return undefined;
  const [scaleInput, sizeInput] = call.opset < 11 ? [1, 3] : [2, 3];
  const given = call.ints('axes');
  const axes = given === undefined ? x.map((_, i) => i) : call.axes(given, x.length);
  const sizes = call.has(sizeInput) ? call.contents(sizeInput) : undefined;
  if (call.has(sizeInput) && call.shape(sizeInput)?.[0] !== 0) {
    if (sizes === undefined) return x.map((dim, i) => (axes.includes(i) ? undefined : dim));
    checkLength(call, sizes, axes, 'sizes');
    const policy = call.text('keep_aspect_ratio_policy', 'stretch');
    return policy === 'stretch' ? place(x, axes, (_, i) => sizes[i]) : keepRatio(x, axes, sizes, policy);
  }
  const scales = call.has(scaleInput) ? call.contents(scaleInput) : undefined;
  if (scales === undefined) return x.map((dim, i) => (axes.includes(i) ? undefined : dim));
  checkLength(call, scales, axes, 'scales');
  return place(x, axes, (dim, i) => scaled(dim, scales[i]));
}

function place(
  x: readonly Dim[],
  axes: readonly number[],
  length: (dim: Dim, i: number) => Dim,
): readonly Dim[] {
  return x.map((dim, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? dim : length(dim, i);
  });
}

/** One factor for all axes, the smallest or the largest asked for, rounded half up. */
function keepRatio(
  x: readonly Dim[],
  axes: readonly number[],
  sizes: Contents,
  policy: string,
): readonly Dim[] {
  const factors = axes.map((axis, i) => {
    const [from, to] = [x[axis], sizes[i]];
    return typeof from === 'number' && typeof to === 'number' ? to / from : undefined;
  });
  if (factors.includes(undefined)) return place(x, axes, () => undefined);
  const factor = (policy === 'not_larger' ? Math.min : Math.max)(...(factors as number[]));
  return place(x, axes, (dim) => Math.floor(Number(dim) * factor + 0.5));
}

function scaled(dim: Dim, scale: number | string | undefined): Dim {
  if (scale === 1) return dim;
  if (typeof dim !== 'number' || typeof scale !== 'number') return undefined;
  const length = Math.floor(dim * scale);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

function checkLength(call: Call, values: Contents, axes: readonly number[], what: string): void {
  if (values.length !== axes.length)
    call.fail('shape-mismatch', `${what} has ${values.length} values for ${axes.length} axes.`);
}

/** Upsample-1 names the factors of height and width. */
function upsampleFactors(call: Call): readonly number[] | undefined {
  if (call.opset >= 7) return undefined;
  const value = (name: string) => call.node.attributes.find((attribute) => attribute.name === name)?.value;
  const [height, width] = [value('height_scale'), value('width_scale')];
  return typeof height === 'number' && typeof width === 'number' ? [1, 1, height, width] : undefined;
}
