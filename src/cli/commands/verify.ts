import { allowedEffectNames, printVerify, verify as verifyModels } from '../../verify/index.ts';
import { usage } from '../arguments.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { suggest } from '../suggest.ts';
import { readVerifyOptions, verifyOptionsConfig, verifyOptionsHelp } from '../verify-options.ts';

/** `verify`: whether two models compute the same. */
export const verify: Command = {
  name: 'verify',
  summary: 'whether two models compute the same, output by output',
  help: `qdq-surgeon verify before.onnx after.onnx [options]

Runs both models in the reference executor and compares their outputs, bit for bit unless
more is allowed. Generated samples are random, on rounding ties, and at the ends of the range.

${verifyOptionsHelp}
  --allow LIST   effect classes that may show: exact, interface, rounding, closer, scale (exact)
  --min-sqnr DB  least SQNR in dB instead of the limits of the classes
  --json         the report as one JSON value: .equivalent, .identical, .outputs[{name, identical,
                 within, maxDifference, quanta, sqnr, cosine, mean}], .firstDifference, .findings,
                 .notChecked
  --help         this text

Exit code: 0 equivalent, 1 not equivalent, 2 a model cannot be read or run.`,
  options: {
    ...verifyOptionsConfig,
    allow: { type: 'string', multiple: true },
    'min-sqnr': { type: 'string' },
    json: { type: 'boolean' },
  },
  files: [2, 2],
  async run(args, io) {
    const allow = args.list('allow').map((name) => {
      const effect = allowedEffectNames.find((known) => known === name);
      if (effect !== undefined) return effect;
      throw usage(
        `--allow has to list some of ${allowedEffectNames.join(', ')}; "${name}" is none.`,
        suggest(name, allowedEffectNames),
      );
    });
    const sqnr = args.integer('min-sqnr', -1, 0, 1000);
    const before = await load(args.files[0]!, io);
    const after = await load(args.files[1]!, io);
    const options = await readVerifyOptions(args, before.model, io);
    const report = verifyModels(before.model, after.model, {
      ...options,
      allow,
      ...(sqnr < 0 ? {} : { tolerance: { sqnr } }),
    });
    io.print(args.flag('json') ? toJson(report) : printVerify(report));
    return report.equivalent ? exitCode.fine : exitCode.findings;
  },
};
