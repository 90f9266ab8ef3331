import { productOf } from '../array.ts';
import type { Finisher } from '../finish.ts';
import { bandRoom, bandSums } from './band-sums.ts';
import type { Unfinished, Work } from './share.ts';
import { tileRows } from './tile.ts';
import type { Part, Share, Sink } from './work.ts';

/**
 * Bands: parts of the outputs whose sums fit into a small memory and are finished there, so that the sums of a whole layer
 * are never in memory, and those there are come from the cache.
 */

/** How many outputs there are, along all that they are cut along. */
export interface Extent {
  readonly units: number;
  /** Filters of a unit, or columns. */
  readonly filters: number;
  /** Positions along the first spatial axis, or rows. */
  readonly rows: number;
  /** Outputs of a filter in one of these. */
  readonly rowSize: number;
}

export function extentOf(work: Unfinished<Work>): Extent {
  if (work.kind === 'matrix')
    return { units: work.left.length, filters: work.columns, rows: work.rows, rowSize: 1 };
  const { window, batch, group, filters } = work;
  const [rows] = window.output as [number];
  return { units: batch * group, filters: filters / group, rows, rowSize: productOf(window.output, 1) };
}

/** The place of all sums, one filter after another, or row by row in a matrix. */
export function sinkOf(work: Work, sums: Int32Array): Sink {
  const { filters, rows, rowSize } = extentOf(work);
  const steps =
    work.kind === 'matrix'
      ? { rowStep: filters, filterStep: 1 }
      : { rowStep: rowSize, filterStep: rows * rowSize };
  return { sums, start: 0, unitStep: filters * rows * rowSize, ...steps };
}

/** Fewest outputs of a filter in a band where there are as many: filters are read from memory once for each band. */
const fewest = 256;

/** Whether the smallest band fits. */
export function fitsBands(work: Unfinished<Work>): boolean {
  return tileRows * rowStepOf(work) * extentOf(work).rowSize <= bandRoom;
}

/** Rows that cannot be parted. */
function rowStepOf({ kind }: Unfinished<Work>): number {
  return kind === 'squares' ? 2 : 1;
}

/** Cuts a share into bands. */
export function bandsOf(work: Work, { top, bottom, first, last }: Share): Part[] {
  const { units, rowSize } = extentOf(work);
  const [filters, rows] = [last - first, bottom - top];
  const unitSize = filters * rows * rowSize;
  if (unitSize <= bandRoom)
    return cut(0, units, Math.floor(bandRoom / unitSize), 1).map(([from, to]) => ({
      from,
      to,
      top,
      bottom,
      first,
      last,
    }));
  const step = rowStepOf(work);
  const least = Math.min(rows, step * Math.ceil(fewest / (step * rowSize)));
  const together = Math.floor(bandRoom / (least * rowSize) / tileRows) * tileRows;
  const mostFilters = Math.min(filters, Math.max(tileRows, together));
  const mostRows = Math.floor(bandRoom / (mostFilters * rowSize));
  const bands: Part[] = [];
  for (let unit = 0; unit < units; unit++)
    for (const [a, b] of cut(first, last, mostFilters, tileRows))
      for (const [from, to] of cut(top, bottom, mostRows, step))
        bands.push({ from: unit, to: unit + 1, top: from, bottom: to, first: a, last: b });
  return bands;
}

/** Cuts a range into pieces of much the same length, multiples of `step`, of `most` at the most, which is no less than `step`. */
function cut(from: number, to: number, most: number, step: number): (readonly [number, number])[] {
  if (to - from <= most) return [[from, to]];
  const limit = Math.floor(most / step) * step;
  const pieces = Math.ceil((to - from) / limit);
  const length = Math.min(limit, step * Math.ceil((to - from) / pieces / step));
  const parts: (readonly [number, number])[] = [];
  for (let start = from; start < to; start += length) parts.push([start, Math.min(start + length, to)]);
  return parts;
}

/** Where the sums of a band go. */
export function bandSink(work: Work, { from, top, bottom, first, last }: Part): Sink {
  const { rowSize } = extentOf(work);
  const [filters, rows] = [last - first, bottom - top];
  const [rowStep, filterStep] = work.kind === 'matrix' ? [filters, 1] : [rowSize, rows * rowSize];
  const unitStep = filters * rows * rowSize;
  const start = -(from * unitStep + first * filterStep + top * rowStep);
  return { sums: bandSums, start, unitStep, filterStep, rowStep };
}

/** Finishes the sums of a band. */
export function finishBand(work: Work, finisher: Finisher, part: Part): void {
  const { filters, rows, rowSize } = extentOf(work);
  const { from, to, top, bottom, first, last } = part;
  const count = last - first;
  if (work.kind === 'matrix' || rows * rowSize === 1) {
    // Channels lie side by side.
    const group = work.kind === 'matrix' ? 1 : work.group;
    for (let unit = from, at = 0; unit < to; unit++)
      for (let row = top; row < bottom; row++, at += count) {
        const target = (unit * rows + row) * filters + first;
        finisher.row(at, target, count, (unit % group) * filters + first, unit * rows + row);
      }
    return;
  }
  const size = (bottom - top) * rowSize;
  for (let unit = from, at = 0; unit < to; unit++) {
    const channel = (unit % work.group) * filters;
    const target = (unit * filters * rows + top) * rowSize;
    if (bottom - top === rows) {
      finisher.planes(at, target + first * size, size, channel + first, count);
      at += count * size;
      continue;
    }
    for (let filter = first; filter < last; filter++, at += size)
      finisher.run(at, target + filter * rows * rowSize, size, channel + filter);
  }
}
