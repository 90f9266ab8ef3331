import { ModelError } from '../support/errors.ts';
import { parseArguments, usage } from './arguments.ts';
import { type Command, exitCode } from './command.ts';
import { commands } from './commands/index.ts';
import { Io, type World } from './io.ts';
import { toJson } from './json.ts';
import { suggest } from './suggest.ts';
import { version } from './version.ts';

/**
 * Runs the command line: `main(['inspect', 'model.onnx', '--json'], world)`.
 *
 * @returns the exit code: 0 fine, 1 findings or not equivalent, 2 failed. Never throws: errors are printed.
 */
export async function main(argv: readonly string[], world: World): Promise<number> {
  const io = new Io(world);
  try {
    return await dispatch(argv, io);
  } catch (error) {
    report(error, argv.includes('--json'), io);
    return exitCode.failed;
  } finally {
    io.clearProgress();
  }
}

/** The help text of the command as a whole. */
export function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `qdq-surgeon: surgery on quantized ONNX models

Usage: qdq-surgeon <command> [options]

${list.join('\n')}

Every command takes --json (one JSON value on standard output) and --help.
qdq-surgeon --version prints the version.

Exit code: 0 fine, 1 findings or not equivalent, 2 failed.
QDQ_SURGEON_DEBUG=1 adds stack traces to errors; NO_COLOR=1 takes the colour away.`;
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) throw usage('Which command?');
  if (name === '--version' || name === '-v') {
    io.print(version);
    return exitCode.fine;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const topic = rest[0];
    io.print(topic === undefined ? overview() : commandNamed(topic).help);
    return exitCode.fine;
  }
  const command = commandNamed(name);
  const args = parseArguments(command.name, rest, command.options, command.files);
  if (args.flag('help')) {
    io.print(command.help);
    return exitCode.fine;
  }
  return command.run(args, io);
}

function commandNamed(name: string): Command {
  const names = commands.map((command) => command.name);
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  if (name.startsWith('-')) throw usage(`The command comes first; "${name}" is an option.`);
  const close = suggest(name, names);
  throw usage(`There is no command "${name}"; there are ${names.join(', ')}.`, close);
}

/** The sentence for people on standard error; with `--json` the same for programs on standard output. */
function report(error: unknown, json: boolean, io: Io): void {
  const known = asModelError(error);
  io.say(`qdq-surgeon: ${known.explain()}`);
  if (io.debug && error instanceof Error) io.say(error.stack ?? '');
  if (json) {
    const { code, message, at, fix } = known;
    io.print(toJson({ error: { code, message, at, fix } }));
  }
}

/** System errors and mistakes of our own as errors that have a code and say what to do. */
function asModelError(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const { code, path, message } = (error ?? {}) as { code?: unknown; path?: unknown; message?: unknown };
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) {
    const at = typeof path === 'string' ? path : undefined;
    return new ModelError('file-error', String(message), { at, cause: error });
  }
  return new ModelError('internal-error', `This should not have happened: ${String(message ?? error)}`, {
    fix: 'Please report it with the model, or a part of it; QDQ_SURGEON_DEBUG=1 shows where it came from.',
    cause: error,
  });
}
