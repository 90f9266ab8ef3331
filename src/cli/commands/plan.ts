import { plan as forecast, planTargets } from '../../targets/index.ts';
import { catalogueEntries } from '../catalogue.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { printPlan } from '../reports/plan.ts';

/** `plan`: the layers an engine is expected to build, and the quantizers that survive between them. */
export const plan: Command = {
  name: 'plan',
  summary: 'what an engine makes of a model: fused layers, and the quantizers that survive',
  help: `qdq-surgeon plan model.onnx --target tensorrt@10 [options]

Forecasts the layers an engine builds – what is fused, and with which precision – and the
quantizers it has to run as kernels of their own, with the law that keeps each and the rule
that removes it. Nothing is run: the forecast sees the file, not the hardware.

  --target T   the engine: ${planTargets.join(', ')} (tensorrt@10)
  --all        list every layer and quantizer, not only the first thirty
  --json       one JSON value: .layers[{name, kind, fused, in, out, residual, nodes, reads,
               writes}], .qdq[{kind, tensor, readers, bytes, law, why, rule}], .bytes,
               .islands, .possible, .opaque, and .totals{i8i8, i8f, i8i8_residual,
               i8f_residual, qdq, scale}; bytes are null where a shape is not known
  --help       this text

Exit code: 0, or 2 when the model cannot be read.`,
  options: { target: { type: 'string' }, all: { type: 'boolean' }, json: { type: 'boolean' } },
  files: [1, 1],
  async run(args, io) {
    const target = args.choice('target', ['tensorrt', ...planTargets], 'tensorrt@10');
    const { model, file } = await load(args.files[0]!, io);
    io.progress(() => `planning ${file}`);
    const facts = { file, ...forecast(model, { target }) };
    const effects = new Map(catalogueEntries().map(({ name, effect }) => [name, effect]));
    io.print(args.flag('json') ? toJson(facts) : printPlan(facts, effects, args.flag('all')));
    return exitCode.fine;
  },
};
