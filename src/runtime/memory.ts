import type { TypedArray } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import type { Arena, ArrayType, Block } from './arena.ts';

/** Four gigabytes: more than a verified network needs, less than what makes a machine swap. */
export const defaultMemoryLimit = 4 * 2 ** 30;

export interface MemoryOptions {
  /** Bytes that may be in use at once; 4 GiB unless given. */
  readonly limit?: number | undefined;
  /** Where elements are taken from; ordinary memory unless given. */
  readonly arena?: Arena | undefined;
  /** Fills elements that hold nothing with NaN and -1, so that whoever reads them shows. */
  readonly poison?: boolean | undefined;
}

/** Elements of tensors and of values that are computed once: they never change and are never used again. */
export const lasting = new WeakSet<object>();

/**
 * The memory of a run: what is in use, by whom, and the limit.
 *
 * Elements belong to the node that asks for them until it is done (`enter`, `leave`), and to each value that has them
 * (`hold`, `drop`); when nobody is left they may be used again. Data that several values share counts once. What a
 * tensor of the model or the caller holds is not counted.
 */
export class RunMemory {
  readonly limit: number;
  /** Bytes in use now. */
  live = 0;
  /** The most bytes of values alive at once in a run, scratch space left out: what no plan can do without. */
  peakOfValues = 0;
  /** The most bytes in use at once outside the arena. */
  peakOutside = 0;
  #values = 0;
  #outside = 0;
  readonly #arena: Arena | undefined;
  readonly #poison: boolean;
  /** What is in use outside the arena. */
  readonly #blocks = new Map<object, Block>();
  /** Per node that runs, outermost first: what belongs to it. */
  readonly #owned: Block[][] = [[]];
  #depth = 0;
  #unplanned = 0;
  /** What is kept from run to run, by how many values. */
  readonly #kept = new Map<object, { readonly bytes: number; holders: number }>();
  #keptBytes = 0;

  constructor({ limit = defaultMemoryLimit, arena, poison = false }: MemoryOptions = {}) {
    this.limit = limit;
    this.#arena = arena;
    this.#poison = poison;
  }

  /** Elements for the node that runs, zeroed unless they are to be overwritten. */
  allocate(type: ArrayType, length: number, zeroed: boolean): TypedArray {
    const arena = this.#unplanned === 0 ? this.#arena : undefined;
    const index = arena === undefined ? -1 : arena.taken;
    const placed = arena?.take(type, length);
    const block = placed ?? this.#register(new type(length), length * type.BYTES_PER_ELEMENT, index);
    const data = block.data as TypedArray;
    if (zeroed && placed !== undefined) fill(data, 0);
    if (!zeroed && this.#poison) spoil(data);
    if (placed !== undefined) this.live += placed.bytes;
    this.#own(block);
    return data;
  }

  /** Counts elements that come from elsewhere: strings. */
  add(data: object, bytes: number): void {
    this.#own(this.#register(data, bytes, -1));
  }

  /** A node begins. */
  enter(): void {
    this.#depth++;
    this.#owned[this.#depth] ??= [];
  }

  /** The node is done; what no value has is free. */
  leave(): void {
    const owned = this.#owned[this.#depth]!;
    while (owned.length > 0) this.#drop(owned.pop()!);
    this.#depth--;
  }

  /** Until `endUnplanned`, elements come from ordinary memory: how often a loop turns is no part of a plan. */
  beginUnplanned(): void {
    this.#unplanned++;
  }

  endUnplanned(): void {
    this.#unplanned--;
  }

  /** A value with these elements lives from now on. Elements nobody has allocated here are counted as long. */
  hold(data: object, bytes: number): void {
    let block = this.#find(data);
    if (block === undefined) {
      if (lasting.has(data)) return;
      block = this.#register(data, bytes, -1);
    }
    block.holders++;
    if (block.isValue) return;
    block.isValue = true;
    this.#values += block.bytes;
    if (this.#values > this.peakOfValues) this.peakOfValues = this.#values;
  }

  /** A value with these elements is gone. */
  drop(data: object): void {
    const block = this.#find(data);
    if (block !== undefined) this.#drop(block);
  }

  /** Elements that a subgraph has made belong to the node that has run it. */
  adopt(data: object): void {
    const block = this.#find(data);
    if (block !== undefined) this.#own(block);
  }

  /** The node that runs has no use any more for elements it owns. Those it does not own stay. */
  disown(data: object): void {
    const block = this.#find(data);
    const owned = this.#owned[this.#depth]!;
    const at = block === undefined ? -1 : owned.lastIndexOf(block);
    if (at >= 0) this.#drop(owned.splice(at, 1)[0]!);
  }

  /** Bytes of what is kept from run to run. */
  get kept(): number {
    return this.#keptBytes;
  }

  /** Whether elements may be kept without going beyond a number of bytes. */
  canKeep(elements: readonly object[], limit: number): boolean {
    const fresh = elements.filter((data) => !lasting.has(data) && !this.#kept.has(data));
    return fresh.reduce((sum, data) => sum + (this.#find(data)?.bytes ?? 0), this.#keptBytes) <= limit;
  }

  /** A value with these elements is kept from run to run; they never change. */
  keep(data: object): void {
    const kept = this.#kept.get(data);
    if (kept !== undefined) kept.holders++;
    if (kept !== undefined || lasting.has(data)) return;
    const bytes = this.#find(data)?.bytes ?? 0;
    lasting.add(data);
    this.#kept.set(data, { bytes, holders: 1 });
    this.#keptBytes += bytes;
    this.live += bytes;
  }

  /** A value with these elements is not kept any longer. */
  forget(data: object): void {
    const kept = this.#kept.get(data);
    if (kept === undefined || --kept.holders > 0) return;
    this.#kept.delete(data);
    this.#keptBytes -= kept.bytes;
    this.live -= kept.bytes;
  }

  /** Whether elements are overwritten some time after the run. */
  isReused(data: object): boolean {
    if (!ArrayBuffer.isView(data) || lasting.has(data)) return false;
    if (this.#poison) return true;
    const block = this.#arena?.find(data);
    return block !== undefined && !this.#arena!.isLasting(block);
  }

  /** A run begins. */
  begin(): void {
    this.peakOfValues = 0;
    this.peakOutside = 0;
    this.#outside = 0;
  }

  /** A run is over: nothing is in use but what is kept. */
  end(): void {
    if (this.#poison) for (const data of this.#blocks.keys()) spoil(data);
    this.#blocks.clear();
    for (const owned of this.#owned) owned.length = 0;
    this.#depth = 0;
    this.#unplanned = 0;
    this.#values = 0;
    this.live = this.#keptBytes;
  }

  /**
   * @throws ModelError `memory-limit`
   */
  check(bytes: number, dtype: string, dims: readonly number[]): void {
    if (this.live + bytes <= this.limit) return;
    throw new ModelError(
      'memory-limit',
      `A ${dtype}[${dims}] takes ${bytes} bytes; the run already holds ${this.live} of ${this.limit}.`,
      { fix: 'Give execute() a larger limits.memory, or run with smaller inputs.' },
    );
  }

  #find(data: object): Block | undefined {
    return (ArrayBuffer.isView(data) ? this.#arena?.find(data) : undefined) ?? this.#blocks.get(data);
  }

  #own(block: Block): void {
    block.holders++;
    this.#owned[this.#depth]!.push(block);
  }

  #register(data: object, bytes: number, index: number): Block {
    const block = { data, bytes, index, isPlaced: false, holders: 0, isValue: false };
    this.#blocks.set(data, block);
    this.live += bytes;
    this.#outside += bytes;
    if (this.#outside > this.peakOutside) this.peakOutside = this.#outside;
    return block;
  }

  #drop(block: Block): void {
    if (--block.holders > 0) return;
    this.live -= block.bytes;
    if (block.isValue) this.#values -= block.bytes;
    if (block.index >= 0) this.#arena!.give(block.index);
    if (this.#poison) spoil(block.data);
    if (block.isPlaced) return;
    this.#outside -= block.bytes;
    this.#blocks.delete(block.data);
  }
}

let current: RunMemory | undefined;

/** The memory that kernels take from; outside a run they take ordinary memory. */
export function currentMemory(): RunMemory | undefined {
  return current;
}

/**
 * Runs `work` with the given memory, or with ordinary memory for what is to outlive the run. A run is synchronous, so one
 * memory is in force at a time.
 */
export function withMemory<T>(memory: RunMemory | undefined, work: () => T): T {
  const outer = current;
  current = memory;
  try {
    return work();
  } finally {
    current = outer;
  }
}

function fill(data: TypedArray, value: number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(value));
  else data.fill(value);
}

/** NaN where there is NaN, else a value that no kernel would leave by chance. */
function spoil(data: object): void {
  if (!ArrayBuffer.isView(data) || lasting.has(data)) return;
  fill(data as TypedArray, data instanceof Float32Array || data instanceof Float64Array ? NaN : 0x5b);
}
