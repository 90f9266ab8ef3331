import { type Command, exitCode } from '../command.ts';
import { factsOf } from '../facts.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { printFacts } from '../reports/inspect.ts';

/** `inspect`: what is in a model – its interface, operators and quantizers. */
export const inspect: Command = {
  name: 'inspect',
  summary: 'what is in a model: interface, operators, quantizers and their scales',
  help: `qdq-surgeon inspect model.onnx [options]

Prints a model's inputs and outputs, its operators, and its quantizers with their scales.

  --all    list every quantizer, not only the first twelve
  --json   one JSON value: .opset, .nodes, .operators{}, .inputs, .outputs and
           .pairs[{tensor, scale, zeroPoint, dtype, axis, kind, readers}]; a scale is a
           number, a list of them along .axis, or null when the graph computes it
  --help   this text

Exit code: 0, or 2 when the model cannot be read.`,
  options: { all: { type: 'boolean' }, json: { type: 'boolean' } },
  files: [1, 1],
  async run(args, io) {
    const { model, file, bytes } = await load(args.files[0]!, io);
    const facts = { file, bytes, ...factsOf(model) };
    io.print(args.flag('json') ? toJson(facts) : printFacts(facts, args.flag('all')));
    return exitCode.fine;
  },
};
