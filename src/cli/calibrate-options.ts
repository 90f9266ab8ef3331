import type { Model } from '../ir/index.ts';
import type { CalibrationOptions } from '../targets/index.ts';
import type { Arguments, OptionsConfig } from './arguments.ts';
import type { Io } from './io.ts';
import { readSamples } from './tensor-files.ts';
import { parseDim } from './verify-options.ts';

/** Options of the commands that measure the ranges of values. */
export const calibrateOptionsConfig = { calibrate: { type: 'string' } } as const satisfies OptionsConfig;

/** Their part of a help text. */
export const calibrateOptionsHelp = `  --calibrate DIR   measure ranges on DIR/input_0.pb …, or on each folder in DIR that holds such
                 files; without it on generated inputs (--samples, --seed, --dim), which is
                 worse (onnxruntime)`;

/** What the arguments say about how to calibrate, with progress shown. */
export async function readCalibrateOptions(
  args: Arguments,
  model: Model,
  io: Io,
): Promise<CalibrationOptions> {
  const folder = args.text('calibrate');
  return {
    samples: args.integer('samples', 4, 1, 1000),
    seed: args.integer('seed', 1, 0, 2 ** 32 - 1),
    dims: new Map(args.texts('dim').map(parseDim)),
    ...(folder === undefined ? {} : { inputs: await readSamples(model, folder) }),
    onProgress: (message) => io.progress(() => message),
  };
}
