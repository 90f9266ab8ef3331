import type { Command } from '../command.ts';
import { diff } from './diff.ts';
import { fix } from './fix.ts';
import { inspect } from './inspect.ts';
import { rules } from './rules.ts';
import { run } from './run.ts';
import { scales } from './scales.ts';
import { verify } from './verify.ts';

/** Every command, in the order of the help text. */
export const commands: readonly Command[] = Object.freeze([inspect, fix, scales, verify, run, diff, rules]);
