import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ModelError } from '../support/errors.ts';
import { suggest } from './suggest.ts';

export type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** The parsed arguments of a command. Readers of values check them and name the option in their errors. */
export class Arguments {
  /** Positional arguments. */
  readonly files: readonly string[];
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(files: readonly string[], values: ReadonlyMap<string, unknown>) {
    this.files = files;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === '') throw usage(`--${name} needs a value.`);
    return typeof value === 'string' ? value : undefined;
  }

  /** Whether the option was given at all. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The values of an option that may be given several times. */
  texts(name: string): readonly string[] {
    const value = this.#values.get(name) ?? [];
    return (Array.isArray(value) ? value : [value]).map(String);
  }

  /** A comma-separated list; the option may be given several times. */
  list(name: string): readonly string[] {
    const items = this.texts(name).flatMap((part) => part.split(','));
    const names = items.map((item) => item.trim()).filter((item) => item !== '');
    if (this.has(name) && names.length === 0) throw usage(`--${name} needs at least one name.`);
    return names;
  }

  /** A whole number between two limits, both included. */
  integer(name: string, fallback: number, least: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw usage(`--${name} has to be a whole number from ${least} to ${most}; "${text}" is not.`);
  }

  /** One of several words. */
  choice<const Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw usage(`--${name} has to be one of ${words.join(', ')}; "${text}" is not.`, suggest(text, words));
  }
}

/**
 * Parses the arguments behind a command's name.
 *
 * @throws ModelError `usage` for unknown options, options without their value, and too few or too many files
 */
export function parseArguments(
  command: string,
  argv: readonly string[],
  options: OptionsConfig,
  files: readonly [number, number],
): Arguments {
  const all: OptionsConfig = { ...options, help: { type: 'boolean', short: 'h' } };
  const { tokens } = parseArgs({
    args: [...argv],
    options: all,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const known = Object.hasOwn(all, token.name) ? all[token.name] : undefined;
    if (known === undefined) throw unknownOption(command, token.rawName, Object.keys(all));
    if (known.type === 'boolean' && token.value !== undefined)
      throw usage(`${token.rawName} takes no value; "${token.value}" was given.`, undefined, command);
    const swallowed = !token.inlineValue && token.value?.startsWith('-') && token.value.length > 1;
    if (known.type === 'string' && (token.value === undefined || swallowed))
      throw usage(`${token.rawName} needs a value.`, undefined, command);
  }
  const { values, positionals } = parseArgs({ args: [...argv], options: all, allowPositionals: true });
  const [least, most] = files;
  if (values['help'] !== true && (positionals.length < least || positionals.length > most)) {
    throw usage(`${command} takes ${countOf(least, most)}; ${positionals.length} given.`, undefined, command);
  }
  return new Arguments(positionals, new Map(Object.entries(values)));
}

/** A complaint about how the command was called. */
export function usage(message: string, suggestion?: string, command?: string): ModelError {
  const help = `Run qdq-surgeon ${command === undefined ? '' : `${command} `}--help.`;
  return new ModelError('usage', message, {
    fix: suggestion === undefined ? help : `Did you mean "${suggestion}"? ${help}`,
  });
}

function unknownOption(command: string, rawName: string, known: readonly string[]): ModelError {
  const suggestion = suggest(rawName.replace(/^-+/, ''), known);
  return usage(
    `${command} has no option ${rawName}.`,
    suggestion === undefined ? undefined : `--${suggestion}`,
    command,
  );
}

function countOf(least: number, most: number): string {
  if (least !== most) return most === Infinity ? `at least ${least} files` : `${least} to ${most} arguments`;
  return least === 0 ? 'no file' : least === 1 ? 'one file' : `${least} files`;
}
