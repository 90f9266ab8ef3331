import type { Command } from '../command.ts';
import { certify } from './certify.ts';
import { diff } from './diff.ts';
import { fix } from './fix.ts';
import { inspect } from './inspect.ts';
import { lint } from './lint.ts';
import { plan } from './plan.ts';
import { prove } from './prove.ts';
import { rules } from './rules.ts';
import { run } from './run.ts';
import { scales } from './scales.ts';
import { verify } from './verify.ts';

/** Every command, in the order of the help text. */
export const commands: readonly Command[] = Object.freeze([
  inspect,
  lint,
  plan,
  fix,
  scales,
  verify,
  prove,
  certify,
  run,
  diff,
  rules,
]);
