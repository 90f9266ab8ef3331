/** Where an error is, and what to do about it. */
export interface ErrorContext {
  /** The place, as a path of names from the outermost graph inwards: `main/bn1/input 3`, `byte 1234`, `line 3`. */
  readonly at?: string;
  /** What the reader can do about it, in one sentence. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/**
 * A model, file or tensor is not what it has to be.
 *
 * The `code` is for programs and tests and stays stable between releases; the message is for people.
 */
export class ModelError extends Error {
  override readonly name: string = 'ModelError';
  readonly code: string;
  readonly at: string | undefined;
  readonly fix: string | undefined;

  constructor(code: string, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.at = context.at;
    this.fix = context.fix;
  }

  /** The whole story on a few lines, as the command prints it. */
  explain(): string {
    const place = this.at === undefined ? '' : `\n  at:  ${this.at}`;
    const advice = this.fix === undefined ? '' : `\n  fix: ${this.fix}`;
    return `${this.message} [${this.code}]${place}${advice}`;
  }
}

/** A rule, rule set or pass is written wrongly; thrown when it is constructed, or when it breaks its own promise. */
export class RuleError extends ModelError {
  override readonly name = 'RuleError';
}
