import { diff as diffModels, printDiff } from '../../analysis/index.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { diffJson } from '../reports/diff.ts';

/** `diff`: how two models differ in structure. */
export const diff: Command = {
  name: 'diff',
  summary: 'how two models differ: nodes, constants, interface',
  help: `qdq-surgeon diff before.onnx after.onnx [options]

Compares two models as graphs: nodes, constants, inputs and outputs. What they compute is
compared by qdq-surgeon verify.

  --json   one JSON value: .identical, and {added, removed, changed} for .nodes, .initializers,
           .inputs, .outputs and .functions; .renamed{}, .opsets, .metadata
  --help   this text

Exit code: 0 no difference, 1 differences, 2 a model cannot be read.`,
  options: { json: { type: 'boolean' } },
  files: [2, 2],
  async run(args, io) {
    const before = await load(args.files[0]!, io);
    const after = await load(args.files[1]!, io);
    const found = diffModels(before.model, after.model);
    io.print(args.flag('json') ? toJson(diffJson(found)) : printDiff(found));
    return found.identical ? exitCode.fine : exitCode.findings;
  },
};
