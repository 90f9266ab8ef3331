import { ModelError } from '../support/errors.ts';

/** Memory a run may hold at once, and what it holds. */
export interface Budget {
  /** Bytes all living arrays of a run may take together. */
  readonly limit: number;
  live: number;
}

/** Four gigabytes: more than a verified network needs, less than what makes a machine swap. */
export const defaultMemoryLimit = 4 * 2 ** 30;

let current: Budget = { limit: defaultMemoryLimit, live: 0 };

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
 * Counts an allocation that is about to happen; the runner sets `live` right after each node.
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
