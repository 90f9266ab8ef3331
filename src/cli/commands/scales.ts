import { pairsOf } from '../../analysis/index.ts';
import type { Model } from '../../ir/index.ts';
import { foldConstants, scaleGroups, yoloDeepstreamPairs } from '../../passes/index.ts';
import { rewrite } from '../../rewrite/index.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { printScales } from '../reports/scales.ts';
import { readUnifyOptions, unifyOptionsConfig, unifyOptionsHelp } from '../unify-options.ts';

/** `scales`: which quantizers have to share a scale, and what it would cost. */
export const scales: Command = {
  name: 'scales',
  summary: 'which quantizers have to share a scale, and what it would cost',
  help: `qdq-surgeon scales model.onnx [options]

Lists the groups of quantizers that an engine can keep in int8 only with one scale – around
Concat, MaxPool, operators that copy, and values quantized more than once – with old and new
scale of each member and the bits it loses. The file is not changed; fix does that.

  --policy P     whose scale a group takes: max (the widest range, nothing saturates), consumer
                 (the quantizer behind the Concat or MaxPool), or yolo-deepstream (the pairs of
                 NVIDIA's YOLOv7 recipe) (max)
${unifyOptionsHelp}
  --all          list every member of every group, those that share a scale already included
  --json         one JSON value: .groups[{members[{tensor, quantizer, scale, after, bitsLost}],
                 reason, before, after, refused}]; .pairs[{sub, major}] with yolo-deepstream
  --help         this text

Exit code: 0, or 2 when the model cannot be read.`,
  options: {
    policy: { type: 'string' },
    ...unifyOptionsConfig,
    all: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  files: [1, 1],
  async run(args, io) {
    const policy = args.choice('policy', ['max', 'consumer', 'yolo-deepstream'], 'max');
    const options = { ...readUnifyOptions(args), policy };
    const { model, file } = await load(args.files[0]!, io);
    const { folded, model: prepared } = withConstantScales(model);
    const groups = scaleGroups(prepared, options);
    const pairs = policy === 'yolo-deepstream' ? yoloDeepstreamPairs(prepared) : [];
    const facts = { file, policy, folded, pairs, groups };
    io.print(args.flag('json') ? toJson(facts) : printScales(facts, args.flag('all')));
    return exitCode.fine;
  },
};

/** The model as it is when its scales are constants, else with all its constants folded, as `fix` does first. */
function withConstantScales(model: Model): { readonly folded: boolean; readonly model: Model } {
  const computed = pairsOf(model).some(({ scale }) => scale === undefined);
  return computed ? { folded: true, model: rewrite(model, foldConstants()).model } : { folded: false, model };
}
