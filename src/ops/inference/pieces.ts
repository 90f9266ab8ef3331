import type { Call, Register } from './call.ts';
import { type Contents, type Dim, type Facts, type Shape, tensorFacts } from './facts.ts';
import { gatherContents } from './positions.ts';

/** Operators that join tensors, cut pieces out of them, or put margins around them. */
export function registerPieces(register: Register): void {
  register('Concat', (call) => {
    const shapes = call.node.inputs.map((_, i) => call.shape(i));
    const dtype = call.sharedType(shapes.map((_, i) => i));
    const ranked = shapes.find((shape) => shape !== undefined);
    if (ranked === undefined) return [tensorFacts(dtype, undefined)];
    const axis = call.axis(call.int('axis', 1), ranked.length);
    const shape = concatShape(call, shapes, ranked, axis);
    return [tensorFacts(dtype, shape, axis === 0 ? joined(call) : undefined)];
  });
  register('Split', (call) => {
    const x = call.shape(0);
    const parts = call.node.outputs.length;
    if (x === undefined) return call.node.outputs.map(() => tensorFacts(call.dtype(0), undefined));
    const axis = call.axis(call.int('axis', 0), x.length);
    const lengths = splitLengths(call, x[axis], parts);
    let start: Dim = 0;
    return lengths.map((length): Facts => {
      const shape = x.map((dim, i) => (i === axis ? length : dim));
      const first = start;
      const contents =
        first === undefined
          ? undefined
          : gatherContents(x, call.contents(0), shape, (at) =>
              at.map((place, i) => (i === axis ? place + Number(first) : place)),
            );
      start = typeof start === 'number' && typeof length === 'number' ? start + length : undefined;
      return tensorFacts(call.dtype(0), shape, contents);
    });
  });
  register('Slice', (call) => [slice(call)]);
  register('Pad', (call) => [tensorFacts(call.dtype(0), padShape(call))]);
  register('CenterCropPad', (call) => {
    const [x, asked] = [call.shape(0), call.contents(1)];
    const axes = call.ints('axes');
    const places = x && (axes === undefined ? x.map((_, i) => i) : call.axes(axes, x.length));
    return [
      tensorFacts(
        call.dtype(0),
        x?.map((dim, i) => (places!.includes(i) ? asked?.[places!.indexOf(i)] : dim)),
      ),
    ];
  });
}

function concatShape(
  call: Call,
  shapes: readonly Shape[],
  ranked: readonly Dim[],
  axis: number,
): readonly Dim[] {
  const result = [...ranked];
  let total: Dim = 0;
  for (const shape of shapes) {
    if (shape !== undefined && shape.length !== ranked.length)
      call.fail('rank-mismatch', `it joins tensors of rank ${ranked.length} and ${shape.length}.`);
    total =
      typeof total === 'number' && typeof shape?.[axis] === 'number'
        ? total + (shape[axis] as number)
        : undefined;
    shape?.forEach((dim, i) => {
      if (i !== axis) result[i] = call.equalDims(result[i], dim, `axis ${i} of the joined tensors`);
    });
  }
  result[axis] = shapes.length === 1 ? ranked[axis] : total;
  return result;
}

function joined(call: Call): Contents | undefined {
  const all: (number | string | undefined)[] = [];
  for (let i = 0; i < call.node.inputs.length; i++) {
    const contents = call.contents(i);
    if (contents === undefined) return undefined;
    all.push(...contents);
  }
  return all;
}

function splitLengths(call: Call, length: Dim, parts: number): readonly Dim[] {
  const given: Contents | undefined = call.ints('split') ?? (call.has(1) ? call.contents(1) : undefined);
  if (given !== undefined) {
    if (given.length !== parts)
      call.fail('shape-mismatch', `split names ${given.length} lengths for ${parts} outputs.`);
    const known = given.every((value) => typeof value === 'number');
    const total = (given as readonly number[]).reduce((a, b) => a + b, 0);
    if (known && typeof length === 'number' && total !== length)
      call.fail('shape-mismatch', `the pieces [${given}] add up to ${total}, not to ${length}.`);
    return given;
  }
  if (call.has(1) || typeof length !== 'number') return new Array<Dim>(parts).fill(undefined);
  if (call.opset < 18 && length % parts !== 0)
    call.fail('shape-mismatch', `a length of ${length} does not split into ${parts} equal pieces.`);
  // From opset 18 on the last piece is what is left over.
  const piece = Math.ceil(length / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(piece, length - i * piece)));
}

interface Cut {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

function slice(call: Call): Facts {
  const x = call.shape(0);
  const dtype = call.dtype(0);
  if (x === undefined) return tensorFacts(dtype, undefined);
  const attributes = call.opset < 10;
  const starts = attributes ? call.places('starts') : call.contents(1);
  const ends = attributes ? call.places('ends') : call.contents(2);
  const steps = !attributes && call.has(4) ? call.contents(4) : undefined;
  const axes = attributes ? call.ints('axes') : call.has(3) ? call.numbers(3) : undefined;
  if (axes === undefined && !attributes && call.has(3))
    return tensorFacts(
      dtype,
      x.map(() => undefined),
    );
  const count = starts?.length ?? ends?.length ?? axes?.length;
  if (count === undefined && axes === undefined)
    return tensorFacts(
      dtype,
      x.map(() => undefined),
    );
  const places = call.axes(axes ?? Array.from({ length: Math.min(count!, x.length) }, (_, i) => i), x.length);
  const cuts = new Map<number, Cut | undefined>();
  places.forEach((axis, i) => {
    const step = !attributes && call.has(4) ? steps?.[i] : 1;
    cuts.set(axis, cutOf(call, x[axis], starts?.[i], ends?.[i], step));
  });
  const shape = x.map((dim, axis): Dim => {
    if (!cuts.has(axis)) return dim;
    const i = places.indexOf(axis);
    return cuts.get(axis)?.length ?? unknownCut(dim, starts?.[i], ends?.[i], steps?.[i]);
  });
  const contents = [...cuts.values()].includes(undefined)
    ? undefined
    : gatherContents(x, call.contents(0), shape, (at) =>
        at.map((place, axis) => {
          const cut = cuts.get(axis);
          return cut === undefined ? place : cut.start + place * cut.step;
        }),
      );
  return tensorFacts(dtype, shape, contents);
}

/** How an axis is cut, clamped as ONNX says: going backwards, the end may be in front of the first element. */
function cutOf(
  call: Call,
  length: Dim,
  start: number | string | undefined,
  end: number | string | undefined,
  step: number | string | undefined,
): Cut | undefined {
  if (step === 0) call.fail('attribute-value', 'a step of 0 never gets anywhere.');
  if (typeof length !== 'number' || typeof start !== 'number' || typeof step !== 'number') return undefined;
  if (typeof end !== 'number') return undefined;
  const clamp = (value: number, low: number, high: number) =>
    Math.min(high, Math.max(low, value < 0 ? value + length : value));
  const first = step > 0 ? clamp(start, 0, length) : clamp(start, 0, length - 1);
  const last = step > 0 ? clamp(end, 0, length) : clamp(end, -1, length - 1);
  return { start: first, step, length: Math.max(0, Math.ceil((last - first) / step)) };
}

/** A symbol stays when everything is taken: from the front, past the end of any tensor, one by one. */
function unknownCut(
  dim: Dim,
  start: number | string | undefined,
  end: number | string | undefined,
  step: number | string | undefined = 1,
): Dim {
  const everything =
    start === 0 && step === 1 && (end === dim || (typeof end === 'number' && end >= 2 ** 31 - 1));
  return everything ? dim : undefined;
}

function padShape(call: Call): Shape {
  const x = call.shape(0);
  if (x === undefined) return undefined;
  const pads: Contents | undefined = call.ints('pads') ?? call.ints('paddings') ?? call.contents(1);
  const given = call.has(3) ? call.numbers(3) : undefined;
  if (pads === undefined || (call.has(3) && given === undefined)) return x.map(() => undefined);
  const axes = given === undefined ? x.map((_, i) => i) : call.axes(given, x.length);
  if (pads.length !== 2 * axes.length)
    call.fail(
      'shape-mismatch',
      `there are ${pads.length} pads for ${axes.length} axes; two each are needed.`,
    );
  return x.map((dim, axis): Dim => {
    const i = axes.indexOf(axis);
    if (i < 0) return dim;
    const [begin, end] = [pads[i], pads[i + axes.length]];
    if (begin === 0 && end === 0) return dim;
    if (typeof dim !== 'number' || typeof begin !== 'number' || typeof end !== 'number') return undefined;
    const length = dim + begin + end;
    if (length < 0)
      call.fail('shape-mismatch', `axis ${axis} of length ${dim} is cropped by ${-begin - end}.`);
    return length;
  });
}
