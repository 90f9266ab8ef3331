import { ModelError } from '../support/errors.ts';

/** Four gigabytes: more than a verified network needs, less than what makes a machine swap. */
export const defaultMemoryLimit = 4 * 2 ** 30;

/** Memory a run may hold at once, and what it holds. Data that several values share counts once. */
export class Budget {
  readonly limit: number;
  /** Bytes alive: data of living values, and what the running kernel has allocated. */
  live = 0;
  readonly #holders = new Map<object, number>();

  constructor(limit = defaultMemoryLimit) {
    this.limit = limit;
  }

  /** A value with this data lives from now on. */
  hold(data: object, bytes: number): void {
    const holders = this.#holders.get(data) ?? 0;
    if (holders === 0) this.live += bytes;
    this.#holders.set(data, holders + 1);
  }

  /** A value with this data is gone. */
  drop(data: object, bytes: number): void {
    const holders = this.#holders.get(data) ?? 0;
    if (holders === 1) this.live -= bytes;
    if (holders > 1) this.#holders.set(data, holders - 1);
    else this.#holders.delete(data);
  }
}

let current = new Budget();

/** Runs `work` with every allocation counted against a budget. A run is synchronous, so one budget is in force at a time. */
export function withBudget<T>(budget: Budget, work: () => T): T {
  const outer = current;
  current = budget;
  try {
    return work();
  } finally {
    current = outer;
  }
}

/**
 * Counts an allocation that is about to happen, until the node that makes it is done.
 *
 * @throws ModelError `memory-limit`
 */
export function reserve(bytes: number, dtype: string, dims: readonly number[]): void {
  if (current.live + bytes > current.limit) {
    throw new ModelError(
      'memory-limit',
      `A ${dtype}[${dims}] takes ${bytes} bytes; the run already holds ${current.live} of ${current.limit}.`,
      { fix: 'Give execute() a larger limits.memory, or run with smaller inputs.' },
    );
  }
  current.live += bytes;
}
