import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, type Tensor, valuesOf } from '../../ir/index.ts';
import { execute } from '../../runtime/index.ts';
import { encodeTensor } from '../../serde/index.ts';
import { differenceOf } from '../../verify/index.ts';
import { type Command, exitCode } from '../command.ts';
import type { Io } from '../io.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { type OutputFacts, printOutputs } from '../reports/run.ts';
import { findTensor, readInputs } from '../tensor-files.ts';

/** `run`: the reference executor on inputs from files. */
export const run: Command = {
  name: 'run',
  summary: 'run a model in the reference executor',
  help: `qdq-surgeon run model.onnx --inputs DIR [-o DIR] [options]

Runs a model on DIR/input_0.pb, input_1.pb … (TensorProto, by position in the graph; inputs
that have an initializer are not counted) and writes its outputs as output_0.pb, output_1.pb …
Where DIR holds output_0.pb … of an earlier run, the outputs are compared with them.

  --inputs DIR   folder of the inputs; may be left out for a model without inputs
  -o, --output DIR   folder to write the outputs to; made if it is not there
  --json         one JSON value: .outputs[{name, dtype, dims, min, max, mean, file, sqnr,
                 maxDifference}], .milliseconds
  --help         this text

Exit code: 0, or 2 when the model cannot be read or run.`,
  options: {
    inputs: { type: 'string' },
    output: { type: 'string', short: 'o' },
    json: { type: 'boolean' },
  },
  files: [1, 1],
  async run(args, io) {
    const [folder, target] = [args.text('inputs'), args.text('output')];
    const { model, file } = await load(args.files[0]!, io);
    const inputs = folder === undefined ? new Map<string, Tensor>() : await readInputs(model, folder);
    const started = io.now();
    const outputs = execute(model, inputs, {
      onProgress: ({ done, total, node }) => io.progress(() => `running ${done}/${total} ${node}`),
    });
    const milliseconds = io.now() - started;
    const facts = await describeOutputs(model, outputs, folder, target);
    if (target !== undefined) await writeOutputs(model, outputs, target, io);
    io.print(
      args.flag('json') ? toJson({ file, outputs: facts, milliseconds }) : printOutputs(facts, milliseconds),
    );
    return exitCode.fine;
  },
};

async function writeOutputs(
  model: Model,
  outputs: ReadonlyMap<string, Tensor>,
  folder: string,
  io: Io,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { graph } = model;
  await Promise.all(
    graph.outputs.map(({ name }, i) =>
      writeFile(join(folder, `output_${i}.pb`), encodeTensor(outputs.get(name)!.withName(name))),
    ),
  );
  io.say(`wrote ${graph.outputs.map((_, i) => join(folder, `output_${i}.pb`)).join(', ')}`);
}

async function describeOutputs(
  model: Model,
  outputs: ReadonlyMap<string, Tensor>,
  inputFolder: string | undefined,
  target: string | undefined,
): Promise<readonly OutputFacts[]> {
  return Promise.all(
    model.graph.outputs.map(async ({ name }, i) => {
      const value = outputs.get(name)!;
      const recorded = inputFolder && (await findTensor(join(inputFolder, `output_${i}.pb`)));
      return {
        name,
        dtype: value.dtype,
        dims: value.dims,
        ...rangeOf(value),
        ...(target === undefined ? {} : { file: join(target, `output_${i}.pb`) }),
        ...(recorded ? compare(recorded, value) : {}),
      };
    }),
  );
}

function rangeOf(value: Tensor): Partial<OutputFacts> {
  if (value.dtype === 'string' || value.size === 0) return {};
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const element of valuesOf(value)) {
    const x = Number(element);
    min = Math.min(min, x);
    max = Math.max(max, x);
    sum += x;
  }
  return { min, max, mean: sum / value.size };
}

function compare(recorded: Tensor, value: Tensor): Partial<OutputFacts> {
  if (recorded.dtype !== value.dtype || recorded.dims.join() !== value.dims.join())
    return { note: `the recorded output is ${recorded.dtype}[${recorded.dims}]` };
  const { sqnr, maxDifference } = differenceOf(recorded, value);
  return { sqnr, maxDifference };
}
