import { lintTargets, lint as look } from '../../targets/index.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { printFindings } from '../reports/lint.ts';

/** `lint`: what an engine will refuse, read otherwise than it is meant, or run slowly. */
export const lint: Command = {
  name: 'lint',
  summary: 'what an engine will refuse, misread or run slowly, and which rule mends it',
  help: `qdq-surgeon lint model.onnx --target tensorrt@10 [options]

Looks for what an engine's importer refuses or reads otherwise than ONNX means it, for scales
that cannot be right, and for quantizers that cost more than they save.

  --target T   the engine: ${lintTargets.join(', ')}
               (tensorrt@10)
  --all        list every place, not only the first five of each finding
  --json       one JSON value: .findings[{id, severity, graph, at, message, cost, rule}];
               severity is error or cost, rule null where no rule mends it
  --help       this text

Exit code: 0 nothing found, 1 findings, 2 the model cannot be read.`,
  options: { target: { type: 'string' }, all: { type: 'boolean' }, json: { type: 'boolean' } },
  files: [1, 1],
  async run(args, io) {
    const target = args.choice('target', ['tensorrt', ...lintTargets], 'tensorrt@10');
    const { model, file } = await load(args.files[0]!, io);
    io.progress(() => `looking through ${file}`);
    const facts = { file, target, findings: look(model, { target }) };
    const paint = (style: 'red' | 'yellow' | 'green', text: string) => io.paint(style, text);
    io.print(args.flag('json') ? toJson(facts) : printFindings(facts, args.flag('all'), paint));
    return facts.findings.length === 0 ? exitCode.fine : exitCode.findings;
  },
};
