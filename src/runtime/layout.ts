/** What a run took and gave back, in order: `bytes` for memory taken, `-1 - index` when the index-th of those is free again. */
export type MemoryLog = readonly number[];

/** Where each piece of memory of a run lies, so that pieces that live at the same time do not overlap. */
export interface Layout {
  readonly log: MemoryLog;
  /** Bytes from the start by index; `unplaced` where the piece is never given back: it belongs to whoever has it. */
  readonly offsets: Float64Array;
  /** Length of the whole. */
  readonly bytes: number;
}

/** The offset of a piece that has no place in the layout. */
export const unplaced = -1;

/** A cache line: pieces begin at multiples of it, and no two at the same. */
export const alignment = 64;
/** Pieces beyond this number, the smallest, are placed without a search for the best gap. */
const searched = 2048;

interface Piece {
  readonly index: number;
  readonly bytes: number;
  readonly born: number;
  readonly dead: number;
}

interface Placed extends Piece {
  readonly offset: number;
}

/**
 * Places the pieces of memory of a run: the largest first, each into the smallest gap that is free during all its life.
 *
 * Best fit by size stays within a few percent of the least possible length on networks of layers (Pisarchyk and Lee,
 * "Efficient Memory Management for Deep Neural Net Inference", 2020). Small pieces of graphs of thousands of nodes are
 * put side by side above, by size class, as the run asks for them.
 */
export function placePieces(log: MemoryLog): Layout {
  const pieces = readPieces(log);
  const offsets = new Float64Array(pieces.length).fill(unplaced);
  const passing = pieces
    .filter(({ dead }) => dead < log.length)
    .sort((a, b) => b.bytes - a.bytes || a.born - b.born);
  const placed: Placed[] = [];
  for (const piece of passing.slice(0, searched)) {
    const offset = bestGap(piece, placed);
    offsets[piece.index] = offset;
    insert(placed, { ...piece, offset });
  }
  const top = placed.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0);
  return { log, offsets, bytes: placeByClass(passing.slice(searched), top, offsets) };
}

function readPieces(log: MemoryLog): Piece[] {
  const pieces: { index: number; bytes: number; born: number; dead: number }[] = [];
  log.forEach((entry, time) => {
    if (entry >= 0)
      pieces.push({ index: pieces.length, bytes: aligned(entry), born: time, dead: log.length });
    else pieces[-1 - entry]!.dead = time;
  });
  return pieces;
}

/** The offset of the smallest gap between the pieces that live at the same time, or the end of the last of them. */
function bestGap(piece: Piece, placed: readonly Placed[]): number {
  let [end, best, smallest] = [0, unplaced, Infinity];
  for (const other of placed) {
    if (other.dead < piece.born || other.born > piece.dead) continue;
    const gap = other.offset - end;
    if (gap >= piece.bytes && gap < smallest) [best, smallest] = [end, gap];
    end = Math.max(end, other.offset + other.bytes);
  }
  return best === unplaced ? end : best;
}

/** Keeps the pieces in the order of their offsets. */
function insert(placed: Placed[], piece: Placed): void {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (placed[middle]!.offset <= piece.offset) low = middle + 1;
    else high = middle;
  }
  placed.splice(low, 0, piece);
}

/** Gives each piece a slot of the next power of two that is free when it is born; returns the end of all slots. */
function placeByClass(pieces: readonly Piece[], start: number, offsets: Float64Array): number {
  const events = pieces.flatMap((piece) => [
    { time: piece.born, piece, born: true },
    { time: piece.dead, piece, born: false },
  ]);
  const free = new Map<number, number[]>();
  let end = start;
  for (const { piece, born } of events.sort((a, b) => a.time - b.time)) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(piece.bytes, alignment)));
    const slots = free.get(size) ?? [];
    free.set(size, slots);
    if (!born) slots.push(offsets[piece.index]!);
    else if (slots.length > 0) offsets[piece.index] = slots.pop()!;
    else {
      offsets[piece.index] = end;
      end += size;
    }
  }
  return end;
}

function aligned(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / alignment)) * alignment;
}
