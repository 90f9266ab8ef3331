/** What a run took and gave back, in order: `bytes` for memory taken, `-1 - index` when the index-th of those is free again. */
export type MemoryLog = readonly number[];

/** Where each piece of memory of a run lies, so that pieces that live at the same time do not overlap. */
export interface Layout {
  readonly log: MemoryLog;
  /** Bytes from the start by index; `unplaced` where the piece is never given back: it belongs to whoever has it. */
  readonly offsets: Float64Array;
  /** By index: 0 where a piece lies in the memory of all runs, else the number of its room. */
  readonly homes: Uint8Array;
  /** Length of the memory of all runs. */
  readonly bytes: number;
  /** Pieces that are never given back, each in new memory where others lie before it is needed; from number 1 on. */
  readonly rooms: readonly Room[];
}

/** The memory of a piece that is never given back: until the run asks for it, others may use it. */
export interface Room {
  readonly index: number;
  readonly bytes: number;
}

/** The offset of a piece that has no place in the layout. */
export const unplaced = -1;

/** A cache line: pieces begin at multiples of it, and no two at the same. */
export const alignment = 64;
/** Pieces beyond this number, the smallest, are placed without a search for the best gap. */
const searched = 2048;
/** The largest pieces that are never given back have rooms, if they are not small. */
const mostRooms = 4;
const smallestRoom = 128;

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
 *
 * Outputs are new memory in each run. With `lends`, that memory is there from the start, and pieces that are given back
 * before the output is made lie in it where the memory of all runs would have to grow for them.
 */
export function placePieces(log: MemoryLog, lends = false): Layout {
  const pieces = readPieces(log);
  const rooms = lends ? roomsFor(pieces, log) : [];
  const early = place(pieces, log, rooms, (a, b) => a.born - b.born);
  // Which of equal pieces comes first decides who gets a room; a chain of equal layers may need it the other way round.
  const late = rooms.length > 0 ? place(pieces, log, rooms, (a, b) => b.born - a.born) : early;
  return late.bytes < early.bytes ? late : early;
}

function roomsFor(pieces: readonly Piece[], log: MemoryLog): Room[] {
  return pieces
    .filter(({ dead, bytes }) => dead === log.length && bytes >= smallestRoom)
    .sort((a, b) => b.bytes - a.bytes || a.born - b.born)
    .slice(0, mostRooms)
    .map(({ index, born }) => ({ index, bytes: log[born]! }));
}

function place(
  pieces: readonly Piece[],
  log: MemoryLog,
  rooms: readonly Room[],
  order: (a: Piece, b: Piece) => number,
): Layout {
  const offsets = new Float64Array(pieces.length).fill(unplaced);
  const homes = new Uint8Array(pieces.length);
  const passing = pieces
    .filter(({ dead }) => dead < log.length)
    .sort((a, b) => b.bytes - a.bytes || order(a, b));
  const target = leastLength(passing, pieces, log, rooms);
  const placed: Placed[][] = [[], ...rooms.map((): Placed[] => [])];
  for (const piece of passing.slice(0, searched)) {
    let [home, offset] = [0, bestGap(piece, placed[0]!)];
    if (offset + piece.bytes > target) {
      rooms.forEach(({ index, bytes }, i) => {
        if (home !== 0 || piece.dead >= pieces[index]!.born) return;
        const inside = bestGap(piece, placed[i + 1]!);
        if (inside + log[piece.born]! <= bytes) [home, offset] = [i + 1, inside];
      });
    }
    offsets[piece.index] = offset;
    homes[piece.index] = home;
    insert(placed[home]!, { ...piece, offset });
  }
  rooms.forEach(({ index }, i) => {
    offsets[index] = 0;
    homes[index] = i + 1;
  });
  const top = placed[0]!.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0);
  return { log, offsets, homes, rooms, bytes: placeByClass(passing.slice(searched), top, offsets) };
}

/** What the memory of all runs needs if pieces fill all rooms as long as those are free. */
function leastLength(
  passing: readonly Piece[],
  pieces: readonly Piece[],
  log: MemoryLog,
  rooms: readonly Room[],
): number {
  const change = new Float64Array(log.length + 1);
  for (const { born, dead, bytes } of passing) {
    change[born]! += bytes;
    change[dead]! -= bytes;
  }
  for (const { index, bytes } of rooms) {
    change[0]! -= bytes;
    change[pieces[index]!.born]! += bytes;
  }
  let [live, most] = [0, 0];
  for (const step of change) {
    live += step;
    most = Math.max(most, live);
  }
  return most;
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
