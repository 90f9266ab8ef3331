import type { Model } from '../ir/index.ts';
import type { VerifyOptions } from '../verify/index.ts';
import { type Arguments, type OptionsConfig, usage } from './arguments.ts';
import type { Io } from './io.ts';
import { readSamples } from './tensor-files.ts';

/** Options of the commands that verify. */
export const verifyOptionsConfig = {
  inputs: { type: 'string' },
  samples: { type: 'string' },
  seed: { type: 'string' },
  dim: { type: 'string', multiple: true },
} as const satisfies OptionsConfig;

/** Their part of a help text. */
export const verifyOptionsHelp = `  --inputs DIR   run on DIR/input_0.pb …, or on each folder in DIR that holds such files
  --samples N    number of generated samples otherwise (4)
  --seed S       seed of the generated samples (1)
  --dim NAME=N   length of a symbolic input dimension of generated samples (1)`;

/** What the arguments say about how to verify, with progress shown. */
export async function readVerifyOptions(args: Arguments, model: Model, io: Io): Promise<VerifyOptions> {
  const folder = args.text('inputs');
  const given = ['samples', 'seed', 'dim'].find((name) => args.has(name));
  if (folder !== undefined && given !== undefined)
    throw usage(`--${given} is for generated samples; --inputs gives recorded ones.`);
  return {
    samples: args.integer('samples', 4, 1, 1000),
    seed: args.integer('seed', 1, 0, 2 ** 32 - 1),
    dims: new Map(args.texts('dim').map(parseDim)),
    ...(folder === undefined ? {} : { inputs: await readSamples(model, folder) }),
    onProgress: ({ sample, samples, model: which, done, total }) =>
      io.progress(() => `verifying: sample ${sample + 1}/${samples}, model ${which}, node ${done}/${total}`),
  };
}

export function parseDim(text: string): [string, number] {
  const found = /^(.+)=(\d{1,9})$/.exec(text);
  if (found === null) throw usage(`--dim has to be NAME=LENGTH, such as batch=2; "${text}" is not.`);
  return [found[1]!, Number(found[2])];
}
