/** A stream text is written to: `process.stdout`, or a test's list of strings. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Everything the command knows of the world around it, so that a test can stand in for the world. */
export interface World {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since some fixed point. */
  readonly now: () => number;
}

const styles = { bold: 1, red: 31, green: 32, yellow: 33 } as const;

/** What commands write with: results on standard output, everything else on standard error. */
export class Io {
  readonly now: () => number;
  readonly #world: World;
  #progressShown = 0;

  constructor(world: World) {
    this.#world = world;
    this.now = world.now;
  }

  /** Writes a result to standard output. */
  print(text: string): void {
    this.clearProgress();
    this.#world.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Writes a message to standard error. */
  say(text: string): void {
    this.clearProgress();
    this.#world.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Shows what is being done on the last line of a terminal, at most ten times a second; nowhere else. */
  progress(text: () => string): void {
    const { stderr } = this.#world;
    if (!stderr.isTTY || (this.#progressShown !== 0 && this.now() - this.#progressShown < 100)) return;
    this.#progressShown = this.now();
    stderr.write(`\r\u001b[K${text().slice(0, (stderr.columns ?? 80) - 1)}`);
  }

  clearProgress(): void {
    if (this.#progressShown !== 0) this.#world.stderr.write('\r\u001b[K');
    this.#progressShown = 0;
  }

  /** Text in colour, where standard output is a terminal and NO_COLOR is not set. */
  paint(style: keyof typeof styles, text: string): string {
    const { stdout, env } = this.#world;
    return stdout.isTTY && !env['NO_COLOR'] ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
  }

  /** Whether stack traces are wanted. */
  get debug(): boolean {
    return Boolean(this.#world.env['QDQ_SURGEON_DEBUG']);
  }
}
