import type { TypedArray } from '../ir/index.ts';
import { alignment, type Layout, type MemoryLog, placePieces, unplaced } from './layout.ts';

/** A constructor of typed arrays. */
export interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

/** Elements in use, and by how many. */
export interface Block {
  /** A typed array, or strings. */
  readonly data: object;
  readonly bytes: number;
  /** Among the pieces that a run takes from an arena; -1 for memory that no arena knows of. */
  readonly index: number;
  /** Whether the elements lie in the arena. */
  readonly isPlaced: boolean;
  /** The node that runs, and values: nobody else reads the elements. */
  holders: number;
  /** Whether a value of the graph has them; others are a kernel's scratch space. */
  isValue: boolean;
}

/** How many kinds of runs (shapes of inputs) have their layout at hand. */
const plansKept = 4;
/** A run that keeps differing from the one before has values whose sizes depend on data: it is not planned any more. */
const chances = 4;

interface Plan {
  log: MemoryLog;
  /** Made when a second run needs it. */
  layout: Layout | undefined;
  /** What was handed out for each piece; the same in the next run. */
  blocks: (Block | undefined)[];
  /** By room: which piece was handed out last at each place of it. */
  roomPieces: readonly Int32Array[];
  /** How often a run did not do what the one before had done; -1 before the first. */
  misses: number;
}

/**
 * Memory that is used again in every run.
 *
 * The first run of a kind takes ordinary memory and writes down what it takes and gives back. The next one takes the
 * same pieces from one buffer in which each has its place. As soon as a run does anything else than its plan says, the
 * rest of it takes ordinary memory: what two pieces of the plan share is then never used twice.
 */
export class Arena {
  readonly #plans = new Map<string, Plan>();
  readonly #shared: boolean;
  #buffer: ArrayBufferLike = new ArrayBuffer(0);
  /** Which piece was handed out last at each place of the buffer. */
  #pieces = new Int32Array(0);
  /** The new memory of outputs, from its start to the end of the run. */
  #rooms: readonly ArrayBuffer[] = [];
  #lent = 0;
  #plan: Plan | undefined;
  /** What the run still follows. */
  #layout: Layout | undefined;
  /** What the run has done, where it follows nothing and is to be planned. */
  #log: number[] | undefined;
  #position = 0;
  #taken = 0;

  /** @param shared whether threads see the memory */
  constructor(shared = false) {
    this.#shared = shared;
  }

  /** Length of the buffer. */
  get bytes(): number {
    return this.#buffer.byteLength;
  }

  /** Bytes of outputs that the latest run has used for other pieces before. */
  get lent(): number {
    return this.#lent;
  }

  /** How many pieces the run has taken: the index of the next one. */
  get taken(): number {
    return this.#taken;
  }

  /** A run of the given kind begins: runs of one kind are expected to take the same. */
  begin(kind: string): void {
    const plan = this.#plans.get(kind) ?? {
      log: [],
      layout: undefined,
      blocks: [],
      roomPieces: [],
      misses: -1,
    };
    this.#plans.delete(kind);
    this.#plans.set(kind, plan);
    if (this.#plans.size > plansKept) this.#plans.delete(this.#plans.keys().next().value!);
    this.#plan = plan;
    this.#position = 0;
    this.#taken = 0;
    this.#log = plan.misses < 0 ? [] : undefined;
    this.#layout = undefined;
    this.#lent = 0;
    if (plan.misses < 0 || plan.misses >= chances) return;
    // Callers are not given shared memory, which threads would need.
    plan.layout ??= placePieces(plan.log, !this.#shared);
    const { rooms, bytes } = plan.layout;
    this.#layout = plan.layout;
    this.#grow(bytes);
    this.#rooms = rooms.map((room) => new ArrayBuffer(room.bytes));
    this.#lent = rooms.reduce((sum, room) => sum + room.bytes, 0);
    if (plan.roomPieces.length !== rooms.length)
      plan.roomPieces = rooms.map((room) => new Int32Array(Math.ceil(room.bytes / alignment)));
  }

  /** The next piece, whatever its elements hold; `undefined` when it is to come from ordinary memory. */
  take(type: ArrayType, length: number): Block | undefined {
    const bytes = length * type.BYTES_PER_ELEMENT;
    const index = this.#taken++;
    if (!this.#follows(bytes)) return undefined;
    const offset = this.#layout!.offsets[index]!;
    if (offset === unplaced) return undefined;
    const { blocks, roomPieces } = this.#plan!;
    const home = this.#layout!.homes[index]!;
    let block = blocks[index];
    if (block === undefined || !(block.data instanceof type)) {
      const data = new type(home === 0 ? this.#buffer : this.#rooms[home - 1]!, offset, length);
      block = { data, bytes, index, isPlaced: true, holders: 0, isValue: false };
      blocks[index] = block;
    }
    block.holders = 0;
    block.isValue = false;
    const pieces = home === 0 ? this.#pieces : roomPieces[home - 1]!;
    pieces[offset / alignment] = index;
    return block;
  }

  /** The piece that elements lie in. */
  find(data: ArrayBufferView): Block | undefined {
    const pieces = this.#piecesIn(data.buffer);
    return pieces && this.#plan?.blocks[pieces[Math.floor(data.byteOffset / alignment)]!];
  }

  #piecesIn(buffer: ArrayBufferLike): Int32Array | undefined {
    if (buffer === this.#buffer) return this.#pieces;
    const room = this.#rooms.indexOf(buffer as ArrayBuffer);
    return room < 0 ? undefined : this.#plan?.roomPieces[room];
  }

  /** Whether a piece is new memory that nobody uses after whoever has it. */
  isLasting(block: Block): boolean {
    return this.#layout?.rooms.some(({ index }) => index === block.index) ?? false;
  }

  /** The index-th piece is not used any more. */
  give(index: number): void {
    this.#follows(-1 - index);
  }

  /** The run is over. One that was cut short says nothing about the next. */
  end(complete: boolean): void {
    const plan = this.#plan!;
    this.#leaveRooms(plan);
    const log = this.#log ?? (this.#isBehind ? this.#layout?.log.slice(0, this.#position) : undefined);
    if (complete && log !== undefined) {
      plan.log = log;
      plan.layout = undefined;
      plan.blocks = [];
      plan.roomPieces = [];
      plan.misses++;
    }
    this.#log = undefined;
    this.#layout = undefined;
  }

  /** Memory of outputs belongs to whoever has them now. */
  #leaveRooms({ layout, blocks }: Plan): void {
    if (this.#rooms.length > 0)
      layout?.homes.forEach((home, index) => {
        if (home > 0) blocks[index] = undefined;
      });
    this.#rooms = [];
  }

  /** Whether the run has done less than its plan says. */
  get #isBehind(): boolean {
    return this.#layout !== undefined && this.#position < this.#layout.log.length;
  }

  /** Whether the run does what its plan says; once it does not, it is on its own. */
  #follows(entry: number): boolean {
    if (this.#layout !== undefined) {
      const { log } = this.#layout;
      if (log[this.#position] === entry) {
        this.#position++;
        return true;
      }
      this.#log = log.slice(0, this.#position);
      this.#layout = undefined;
    }
    this.#log?.push(entry);
    return false;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return;
    this.#buffer = this.#shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    this.#pieces = new Int32Array(Math.ceil(bytes / alignment));
    for (const plan of this.#plans.values()) plan.blocks = [];
  }
}
