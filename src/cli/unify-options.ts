import type { JoinOptions } from '../passes/index.ts';
import { type Arguments, type OptionsConfig, usage } from './arguments.ts';

/** Options of the commands that unify scales. */
export const unifyOptionsConfig = {
  'max-ratio': { type: 'string' },
  'residual-adds': { type: 'boolean' },
  resize: { type: 'boolean' },
} as const satisfies OptionsConfig;

/** Their part of a help text. */
export const unifyOptionsHelp = `  --max-ratio R  leave groups alone whose ranges differ by more than this factor (10)
  --residual-adds   the inputs of a residual Add share a scale as well
  --resize       scales are shared across a nearest Resize as well`;

export function readUnifyOptions(args: Arguments): JoinOptions & { readonly maxRatio?: number } {
  const text = args.text('max-ratio');
  const maxRatio = Number(text ?? 10);
  if (text !== undefined && !(maxRatio >= 1 && maxRatio < Infinity))
    throw usage(`--max-ratio has to be a number from 1; "${text}" is not.`);
  return { maxRatio, residualAdds: args.flag('residual-adds'), resize: args.flag('resize') };
}
