import { meaning, setMeaning } from './gather.ts';
import { image, loadRows, rowsThatFit } from './image.ts';
import { blockOf } from './multiply.ts';
import {
  columnPanels,
  lane,
  packedSums,
  rounding,
  rowPanel,
  runTile,
  sumRoom,
  tileColumns,
  tileRows,
  unlane,
} from './tile.ts';
import { positions, type TransformedFilters } from './winograd-filters.ts';
import type { Convolution, Part, Sink } from './work.ts';

/** A convolution with 3×3 windows at stride 1, computed in squares of two by two outputs. */
export interface SquareConvolution extends Convolution {
  readonly kind: 'squares';
  /** The filters of each group. */
  readonly transformed: readonly TransformedFilters[];
}

/** Whether the inputs of a row of squares fit into memory. */
export function fitsSquares({ images, window, channels, group }: Omit<Convolution, 'result'>): boolean {
  return rowsThatFit(images, channels / group, window) > 1;
}

/** Computes sums; `top` is even. */
export function convolveSquares(work: SquareConvolution, part: Part, sink: Sink): void {
  const { images, window, channels, group, transformed } = work;
  const depth = channels / group;
  const band = rowsThatFit(images, depth, window) & ~1;
  setMeaning(images.signed, images.zero);
  for (let row = part.top; row < part.bottom; row += band) {
    const rows = Math.min(band, part.bottom - row);
    const inputs = rows + (rows & 1) + 2;
    for (let unit = part.from; unit < part.to; unit++) {
      loadRows(images, unit * depth, depth, row, inputs);
      multiplySquares(work, transformed[unit % group]!, part, unit, sink, row, rows, inputs);
    }
  }
}

/** Sums of the output rows `row` to `row + rows`, for which `inputs` rows are loaded. */
function multiplySquares(
  { images, window }: SquareConvolution,
  { depth, panels, block }: TransformedFilters,
  { first, last }: Part,
  unit: number,
  { sums, start: origin, unitStep, filterStep, rowStep }: Sink,
  row: number,
  rows: number,
  inputs: number,
): void {
  const [height, width] = window.output as [number, number];
  const across = Math.ceil(width / 2);
  const squares = across * Math.ceil(rows / 2);
  const lineSize = images.padded[1]!;
  const planeSize = inputs * lineSize;
  const panelSize = positions * block * tileColumns;
  const together = blockOf(squares, panelSize);
  for (let start = 0; start < squares; start += together) {
    const count = Math.min(together, squares - start);
    for (let from = 0; from < depth; from += block) {
      const channels = Math.min(block, depth - from);
      for (let s = 0; s < Math.ceil(count / tileColumns) * tileColumns; s++) {
        const square = Math.min(start + s, squares - 1);
        const corner = Math.floor(square / across) * 2 * lineSize + (square % across) * 2;
        const offset = Math.floor(s / tileColumns) * panelSize + (s % tileColumns);
        transformInput(from * planeSize + corner, lineSize, planeSize, channels, offset);
      }
      for (let f = first; f < last; f += tileRows) {
        const pairs = 2 * positions * ((f / tileRows) * depth + from);
        rowPanel[0].set(panels.subarray(pairs, pairs + 2 * positions * channels));
        multiplyPositions(channels, count, together, panelSize);
        for (let pair = 0; pair < 2 && f + 2 * pair < last; pair++) {
          const at = origin + unit * unitStep + (f + 2 * pair) * filterStep + row * rowStep;
          const above = f + 2 * pair + 1 < last ? filterStep : 0;
          storeSquares(
            pair * sumRoom,
            together,
            sums,
            at,
            above,
            start,
            count,
            height - row,
            width,
            from > 0,
          );
        }
      }
    }
  }
}

/** Bᵀ d B for one square of `count` channels, every third element of the panel of each position. */
const transformInput = (() => {
  const [columns] = columnPanels;
  const bytes = image;
  const table = meaning;
  return (at: number, row: number, channelSize: number, count: number, offset: number): void => {
    const step = count * 3;
    for (let c = 0; c < count; c++, at += channelSize, offset += 3) {
      const at1 = at + row;
      const at2 = at1 + row;
      const at3 = at2 + row;
      const c0 = table[bytes[at2]!]!;
      const c1 = table[bytes[at2 + 1]!]!;
      const c2 = table[bytes[at2 + 2]!]!;
      const c3 = table[bytes[at2 + 3]!]!;
      const b0 = table[bytes[at1]!]!;
      const b1 = table[bytes[at1 + 1]!]!;
      const b2 = table[bytes[at1 + 2]!]!;
      const b3 = table[bytes[at1 + 3]!]!;
      const a0 = table[bytes[at]!]! - c0;
      const a1 = table[bytes[at + 1]!]! - c1;
      const a2 = table[bytes[at + 2]!]! - c2;
      const a3 = table[bytes[at + 3]!]! - c3;
      const d0 = b0 - table[bytes[at3]!]!;
      const d1 = b1 - table[bytes[at3 + 1]!]!;
      const d2 = b2 - table[bytes[at3 + 2]!]!;
      const d3 = b3 - table[bytes[at3 + 3]!]!;
      let p = offset;
      columns[p] = a0 - a2;
      columns[(p = (p + step) | 0)] = a1 + a2;
      columns[(p = (p + step) | 0)] = a2 - a1;
      columns[(p = (p + step) | 0)] = a1 - a3;
      columns[(p = (p + step) | 0)] = b0 + c0 - b2 - c2;
      columns[(p = (p + step) | 0)] = b1 + c1 + b2 + c2;
      columns[(p = (p + step) | 0)] = b2 + c2 - b1 - c1;
      columns[(p = (p + step) | 0)] = b1 + c1 - b3 - c3;
      columns[(p = (p + step) | 0)] = c0 - b0 - c2 + b2;
      columns[(p = (p + step) | 0)] = c1 - b1 + c2 - b2;
      columns[(p = (p + step) | 0)] = c2 - b2 - c1 + b1;
      columns[(p = (p + step) | 0)] = c1 - b1 - c3 + b3;
      columns[(p = (p + step) | 0)] = d0 - d2;
      columns[(p = (p + step) | 0)] = d1 + d2;
      columns[(p = (p + step) | 0)] = d2 - d1;
      columns[(p = (p + step) | 0)] = d1 - d3;
    }
  };
})();

/** Multiplies four filters with all squares, position by position: the sums of position p start at the slot p · `slots`. */
const multiplyPositions = (() => {
  const run = runTile;
  const step = tileColumns;
  const last = positions - 1;
  return (count: number, squares: number, slots: number, panelSize: number): void => {
    for (let position = 0; position <= last; position = (position + 1) | 0) {
      let offset = (position * count * step) | 0;
      for (let s = 0; s < squares; s = (s + step) | 0, offset = (offset + panelSize) | 0)
        run(2 * position * count, offset, count, position * slots + s);
    }
  };
})();

/**
 * Aᵀ M A for a pair of filters and `count` squares from `start` on, unpacked and stored as far as there are such outputs.
 *
 * There are `height` rows of outputs from the first row of squares on.
 *
 * @param slot packed sums of the first square
 * @param slots from one position to the next
 * @param above from the lower filter's outputs to the upper one's; 0 where there is no upper one
 */
const storeSquares = (() => {
  const m = packedSums;
  const [up, down, round] = [lane, unlane, rounding];
  /** Unpacks four times a pair of results, 2^27 apart. */
  const storePair = (sum: number, sums: Int32Array, at: number, above: number, add: boolean): void => {
    const upper = sum * down + round - round;
    const lower = (sum - upper * up) * 0.25;
    const other = (at + above) | 0;
    const before = add ? sums[at]! : 0;
    sums[other] = add ? sums[other]! + upper : upper;
    sums[at] = before + lower;
  };
  return (
    slot: number,
    slots: number,
    sums: Int32Array,
    plane: number,
    above: number,
    start: number,
    count: number,
    height: number,
    width: number,
    add: boolean,
  ): void => {
    const across = Math.ceil(width / 2);
    const slots2 = (2 * slots) | 0;
    const slots3 = (3 * slots) | 0;
    let x = ((start % across) * 2) | 0;
    let y = (Math.floor(start / across) * 2) | 0;
    let m0 = slot | 0;
    for (let s = 0; s < count; s = (s + 1) | 0, m0 = (m0 + 1) | 0) {
      const m4 = (m0 + 4 * slots) | 0;
      const m8 = (m0 + 8 * slots) | 0;
      const m12 = (m0 + 12 * slots) | 0;
      const a0 = m[m0]! + m[m4]! + m[m8]!;
      const a1 = m[(m0 + slots) | 0]! + m[(m4 + slots) | 0]! + m[(m8 + slots) | 0]!;
      const a2 = m[(m0 + slots2) | 0]! + m[(m4 + slots2) | 0]! + m[(m8 + slots2) | 0]!;
      const a3 = m[(m0 + slots3) | 0]! + m[(m4 + slots3) | 0]! + m[(m8 + slots3) | 0]!;
      const at = (plane + y * width + x) | 0;
      const right = x + 1 < width;
      storePair(a0 + a1 + a2, sums, at, above, add);
      if (right) storePair(a1 - a2 - a3, sums, (at + 1) | 0, above, add);
      if (y + 1 < height) {
        const b0 = m[m4]! - m[m8]! - m[m12]!;
        const b1 = m[(m4 + slots) | 0]! - m[(m8 + slots) | 0]! - m[(m12 + slots) | 0]!;
        const b2 = m[(m4 + slots2) | 0]! - m[(m8 + slots2) | 0]! - m[(m12 + slots2) | 0]!;
        const b3 = m[(m4 + slots3) | 0]! - m[(m8 + slots3) | 0]! - m[(m12 + slots3) | 0]!;
        storePair(b0 + b1 + b2, sums, (at + width) | 0, above, add);
        if (right) storePair(b1 - b2 - b3, sums, (at + width + 1) | 0, above, add);
      }
      x = (x + 2) | 0;
      if (x >= width) {
        x = 0;
        y = (y + 2) | 0;
      }
    }
  };
})();
