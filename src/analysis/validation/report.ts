import { ModelError } from '../../support/errors.ts';

/** A rule of the specification that a model breaks. */
export interface Problem {
  /** For programs and tests; stable between releases. */
  readonly code: string;
  /** An `error` makes the model invalid; a `warning` is legal but likely a mistake. */
  readonly severity: 'error' | 'warning';
  /** What is wrong, with names and numbers. */
  readonly message: string;
  /** The place, as a path of names from the outermost graph inwards. */
  readonly at: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Collects problems, up to a limit: a damaged file may have millions. */
export class Report {
  readonly problems: Problem[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  error(code: string, at: string, message: string, fix: string): void {
    this.#add({ code, severity: 'error', message, at, fix });
  }

  warning(code: string, at: string, message: string, fix: string): void {
    this.#add({ code, severity: 'warning', message, at, fix });
  }

  /** Runs a check that throws; what it throws becomes an error. */
  attempt(at: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      this.error(error.code, at, error.message, error.fix ?? 'Export the model again.');
    }
  }

  #add(problem: Problem): void {
    if (this.problems.length < this.#limit) this.problems.push(problem);
  }
}
