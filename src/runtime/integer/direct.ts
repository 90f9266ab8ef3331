import { productOf } from '../array.ts';
import { positions } from '../padded.ts';
import { gatherPlaces, gatherSteps, places, setMeaning } from './gather.ts';
import { type Images, loadRows, rowsThatFit } from './image.ts';
import { type Columns, multiplyPacked } from './multiply.ts';
import type { PackedRows } from './pack.ts';
import type { Convolution, Part, Sink } from './work.ts';

/** A convolution as products of packed filters and gathered input windows. */
export interface DirectConvolution extends Convolution {
  readonly kind: 'direct';
  /** The filters of each group. */
  readonly packed: readonly PackedRows[];
}

/** Whether the inputs of one row of outputs fit into memory. */
export function suitsDirect({ images, window, channels, group }: Omit<Convolution, 'result'>): boolean {
  return rowsThatFit(images, channels / group, window) > 0;
}

/** Computes sums, as many rows at a time as fit into memory. */
export function convolveDirectly(
  work: DirectConvolution,
  { from, to, top, bottom, first, last }: Part,
  { sums, start, unitStep, filterStep, rowStep }: Sink,
): void {
  const { images, window, channels, group, packed } = work;
  const { kernel, strides, dilations, output } = window;
  const depth = channels / group;
  const rowSize = productOf(output, 1);
  const band = Math.min(rowsThatFit(images, depth, window), bottom - top);
  setMeaning(images.signed, images.zero);
  for (let row = top; row < bottom; row += band) {
    const rows = Math.min(band, bottom - row);
    const inputs = (rows - 1) * strides[0]! + dilations[0]! * (kernel[0]! - 1) + 1;
    const columns = columnsOf(work, rows, inputs);
    for (let unit = from; unit < to; unit++) {
      loadRows(images, unit * depth, depth, row * strides[0]!, inputs);
      const at = start + unit * unitStep + row * rowStep;
      const placement = { at, rowStep: filterStep, columnStep: 1 };
      multiplyPacked(packed[unit % group]!, first, last, rows * rowSize, columns, sums, placement);
    }
  }
}

/** Columns are output positions of a band: `rows` rows of them, for which `inputs` input rows are loaded. */
function columnsOf({ images, window, channels, group }: Convolution, rows: number, inputs: number): Columns {
  const { kernel, strides, dilations, output } = window;
  const steps = stepsOf(images, inputs);
  const planeSize = steps[0]! * inputs;
  const scaled = (factors: readonly number[]) => steps.map((step, i) => step * factors[i]!);
  const taps = positions(kernel, scaled(dilations));
  const origins = positions([rows, ...output.slice(1)], scaled(strides));
  const end = origins.length - 1;
  const origin = (column: number) => origins[Math.min(column, end)]!;
  if (taps.length === 1) {
    return {
      prepare: () => undefined,
      gather(column, from, to, offset) {
        const start = from * planeSize;
        const [o0, o1, o2] = [origin(column), origin(column + 1), origin(column + 2)];
        gatherSteps(start + o0, start + o1, start + o2, planeSize, to - from, offset);
      },
    };
  }
  const all = placesOf(taps, channels / group, planeSize);
  return {
    prepare: (from, to) => places.set(all.subarray(from, to)),
    gather: (column, from, to, offset) =>
      gatherPlaces(origin(column), origin(column + 1), origin(column + 2), to - from, offset),
  };
}

/** Strides of the loaded rows. */
function stepsOf({ padded }: Images, rows: number): number[] {
  return [rows, ...padded.slice(1)].map((_, i) => productOf(padded, i + 1));
}

/** Where the taps of all channels of a group lie, seen from the origin of an output position. */
function placesOf(taps: Int32Array, depth: number, planeSize: number): Int32Array {
  const all = new Int32Array(depth * taps.length);
  for (let c = 0, k = 0; c < depth; c++)
    for (let t = 0; t < taps.length; t++, k++) all[k] = c * planeSize + taps[t]!;
  return all;
}
