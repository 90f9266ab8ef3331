import { accumulatorRanges, requantizationDifferences } from '../../proof/index.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { certifyJson, printCertify } from '../reports/certify.ts';

/** `certify`: what integer arithmetic can and cannot do to a model. */
export const certify: Command = {
  name: 'certify',
  summary: 'what the integer sums of a model can become: overflow, saturation, rounding',
  help: `qdq-surgeon certify model.onnx [options]

For every integer Conv, Gemm and MatMul with constant weights: the exact range of its sums,
whether int32 can overflow, whether adding pairs of products in 16 bits can saturate (as some
8-bit dot products do), and whether rounding conventions can give different codes. Each is
impossible, or shown by activations that do it.

  --all    every product; else only those where something can happen
  --json   one JSON value: .products[{at, operator, rows, depth, low, high, bits, int32,
           int16Pairs, rounding{}}], .untold[{at, reason}]
  --help   this text

Exit code: 0 int32 holds everywhere, 1 it can overflow, 2 the model cannot be read.`,
  options: { all: { type: 'boolean' }, json: { type: 'boolean' } },
  files: [1, 1],
  async run(args, io) {
    const { model } = await load(args.files[0]!, io);
    io.progress(() => 'adding up weights');
    const { ranges, untold } = accumulatorRanges(model);
    const { certificates } = requantizationDifferences(model);
    const facts = { ranges, untold, certificates };
    io.print(args.flag('json') ? toJson(certifyJson(facts)) : printCertify(facts, args.flag('all')));
    return ranges.every(({ int32 }) => int32 === 'holds') ? exitCode.fine : exitCode.findings;
  },
};
