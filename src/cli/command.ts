import type { Arguments, OptionsConfig } from './arguments.ts';
import type { Io } from './io.ts';

/** Exit codes of every command. */
export const exitCode = { fine: 0, findings: 1, failed: 2 } as const;

/** One command: what it is called, what it takes, what it does. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole help text. */
  readonly help: string;
  readonly options: OptionsConfig;
  /** Least and most positional arguments. */
  readonly files: readonly [number, number];
  /** Does the work and gives the exit code. */
  readonly run: (args: Arguments, io: Io) => Promise<number>;
}
