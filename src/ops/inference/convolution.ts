import type { Call, Register } from './call.ts';
import { type Dim, type Shape, tensorFacts } from './facts.ts';

/** Operators that slide a window over the axes behind batch and channel. */
export function registerConvolution(register: Register): void {
  register('Conv DeformConv', (call) => [tensorFacts(call.sharedType([0, 1]), convShape(call, 0, 1))]);
  register('ConvInteger', (call) => [tensorFacts('int32', convShape(call, 0, 1))]);
  register('QLinearConv', (call) => [tensorFacts(call.dtype(7), convShape(call, 0, 3))]);
  register('ConvTranspose', (call) => [tensorFacts(call.sharedType([0, 1]), convTransposeShape(call))]);
  register('MaxPool', (call) => {
    const shape = poolShape(call);
    return [tensorFacts(call.dtype(0), shape), tensorFacts('int64', shape)];
  });
  register('AveragePool LpPool', (call) => [tensorFacts(call.dtype(0), poolShape(call))]);
  register('GlobalAveragePool GlobalMaxPool GlobalLpPool', (call) => {
    call.requireRank(0, (rank) => rank >= 2, 'at least 2');
    return [
      tensorFacts(
        call.dtype(0),
        call.shape(0)?.map((dim, i) => (i < 2 ? dim : 1)),
      ),
    ];
  });
  register('MaxUnpool', (call) => [tensorFacts(call.dtype(0), maxUnpoolShape(call))]);
  register('MaxRoiPool', (call) => {
    const [x, rois] = [call.shape(0), call.shape(1)];
    const pooled = call.ints('pooled_shape');
    return [tensorFacts(call.dtype(0), x && rois && pooled && [rois[0], x[1], ...pooled])];
  });
  register('RoiAlign', (call) => {
    const [x, rois] = [call.shape(0), call.shape(1)];
    const size = [call.int('output_height', 1), call.int('output_width', 1)];
    return [tensorFacts(call.dtype(0), x && rois && [rois[0], x[1], ...size])];
  });
  register('Col2Im', (call) => {
    const x = call.shape(0);
    const [image, block] = [call.contents(1), call.contents(2)];
    const blockSize = block?.every((value) => typeof value === 'number')
      ? (block as readonly number[]).reduce((a, b) => a * b, 1)
      : undefined;
    const channels = typeof x?.[1] === 'number' && blockSize ? x[1] / blockSize : undefined;
    return [tensorFacts(call.dtype(0), x && image && [x[0], channels, ...image])];
  });
}

interface Window {
  readonly kernel: readonly Dim[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins, then ends. */
  readonly pads: readonly number[];
  readonly autoPad: string;
}

function convShape(call: Call, data: number, weights: number): Shape {
  call.requireRank(data, (rank) => rank >= 2, 'at least 2');
  const [x, w] = [call.shape(data), call.shape(weights)];
  if (x !== undefined && w !== undefined && x.length !== w.length)
    call.fail('rank-mismatch', `the input has rank ${x.length}, its weights rank ${w.length}.`);
  if (x === undefined) return w && [undefined, w[0], ...w.slice(2).map(() => undefined)];
  const group = call.int('group', 1);
  if (w !== undefined && typeof x[1] === 'number' && typeof w[1] === 'number' && x[1] !== w[1] * group)
    call.fail(
      'shape-mismatch',
      `the input has ${x[1]} channels; ${group} groups of weights want ${w[1] * group}.`,
    );
  const spatial = x.length - 2;
  const window = readWindow(call, spatial, call.ints('kernel_shape') ?? w?.slice(2));
  return [x[0], w?.[0], ...x.slice(2).map((length, i) => slide(call, length, window, i, false))];
}

function poolShape(call: Call): Shape {
  call.requireRank(0, (rank) => rank >= 2, 'at least 2');
  const x = call.shape(0);
  if (x === undefined) return undefined;
  const window = readWindow(call, x.length - 2, call.ints('kernel_shape'));
  const ceil = call.int('ceil_mode', 0) !== 0;
  return [x[0], x[1], ...x.slice(2).map((length, i) => slide(call, length, window, i, ceil))];
}

/** How many places a window has along one axis. */
function slide(call: Call, length: Dim, window: Window, i: number, ceil: boolean): Dim {
  const { kernel, strides, dilations, pads, autoPad } = window;
  const stride = strides[i]!;
  if (typeof length !== 'number') return undefined;
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') return Math.ceil(length / stride);
  const size = kernel[i];
  if (typeof size !== 'number') return undefined;
  const [begin, end] = autoPad === 'VALID' ? [0, 0] : [pads[i]!, pads[i + kernel.length]!];
  const room = length + begin + end - dilations[i]! * (size - 1) - 1;
  if (room < 0) {
    if (length === 0) return 0;
    call.fail(
      'shape-mismatch',
      `a kernel of ${size} does not fit a padded length of ${length + begin + end}.`,
    );
  }
  const places = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  // A last window that starts in the padding behind the data does not count.
  return ceil && (places - 1) * stride >= length + begin ? places - 1 : places;
}

function convTransposeShape(call: Call): Shape {
  call.requireRank(0, (rank) => rank >= 2, 'at least 2');
  const [x, w] = [call.shape(0), call.shape(1)];
  if (x === undefined) return undefined;
  if (w !== undefined && x.length !== w.length)
    call.fail('rank-mismatch', `the input has rank ${x.length}, its weights rank ${w.length}.`);
  if (w !== undefined) call.equalDims(x[1], w[0], 'the number of input channels');
  const spatial = x.length - 2;
  const window = readWindow(call, spatial, call.ints('kernel_shape') ?? w?.slice(2));
  const extra = listOf(call, 'output_padding', spatial, 0);
  const asked = call.ints('output_shape');
  const channels = typeof w?.[1] === 'number' ? w[1] * call.int('group', 1) : undefined;
  const lengths = x.slice(2).map((length, i): Dim => {
    if (asked !== undefined) return asked[asked.length - spatial + i];
    const { kernel, strides, dilations, pads, autoPad } = window;
    if (typeof length !== 'number') return undefined;
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') return length * strides[i]!;
    const size = kernel[i];
    if (typeof size !== 'number') return undefined;
    const crop = autoPad === 'VALID' ? 0 : pads[i]! + pads[i + spatial]!;
    return strides[i]! * (length - 1) + extra[i]! + dilations[i]! * (size - 1) + 1 - crop;
  });
  return [x[0], channels, ...lengths];
}

function maxUnpoolShape(call: Call): Shape {
  const x = call.shape(0);
  if (call.has(2)) return call.contents(2);
  if (x === undefined) return undefined;
  const { kernel, strides, pads } = readWindow(call, x.length - 2, call.ints('kernel_shape'));
  const lengths = x.slice(2).map((length, i): Dim => {
    const size = kernel[i];
    if (typeof length !== 'number' || typeof size !== 'number') return undefined;
    return strides[i]! * (length - 1) + size - pads[i]! - pads[i + kernel.length]!;
  });
  return [x[0], x[1], ...lengths];
}

function readWindow(call: Call, spatial: number, kernel: readonly Dim[] | undefined): Window {
  if (kernel !== undefined && kernel.length !== spatial)
    call.fail('attribute-length', `kernel_shape has ${kernel.length} lengths for ${spatial} spatial axes.`);
  const strides = listOf(call, 'strides', spatial, 1);
  if (strides.some((stride) => stride < 1))
    call.fail('attribute-value', `strides [${strides}] have to be positive.`);
  return {
    kernel: kernel ?? new Array<Dim>(spatial).fill(undefined),
    strides,
    dilations: listOf(call, 'dilations', spatial, 1),
    pads: listOf(call, 'pads', 2 * spatial, 0),
    autoPad: call.text('auto_pad', 'NOTSET'),
  };
}

function listOf(call: Call, name: string, length: number, fallback: number): readonly number[] {
  const values = call.ints(name);
  if (values === undefined || values.length === 0) return new Array<number>(length).fill(fallback);
  if (values.length !== length)
    call.fail('attribute-length', `${name} has ${values.length} values; ${length} are needed.`);
  return values;
}
