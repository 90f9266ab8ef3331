import { checkCertificate, proveEqual } from '../../proof/index.ts';
import { type Command, exitCode } from '../command.ts';
import { toJson } from '../json.ts';
import { load } from '../model-files.ts';
import { printProof, proofJson } from '../reports/prove.ts';
import { parseDim } from '../verify-options.ts';

/** `prove`: whether two models compute the same for every input. */
export const prove: Command = {
  name: 'prove',
  summary: 'whether two models give the same bits for every input, decided without sampling',
  help: `qdq-surgeon prove before.onnx after.onnx [options]

Follows every element through both models: what is copied, selected or ordered by its place,
what is quantized by every code there is. Other operators count as the same when they are the
same operator on the same elements. NaN is left out. The proof is checked a second time, node
by node, before it is told.

  --dim NAME=N   length of a symbolic dimension; 1 for the others (repeatable)
  --json         one JSON value: .verdict (proved, refuted, undecided), .elements, .claims;
                 .output, .element, .before, .after of a counterexample; .at, .reason
  --help         this text

Exit code: 0 proved, 1 refuted or undecided, 2 a model cannot be read.`,
  options: { dim: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  files: [2, 2],
  async run(args, io) {
    const [first, second] = args.files as [string, string];
    const before = await load(first, io);
    const after = await load(second, io);
    const dims = new Map(args.texts('dim').map(parseDim));
    io.progress(() => 'following every element');
    const proof = proveEqual(before.model, after.model, { dims, limit: 50_000_000 });
    io.progress(() => 'checking the proof');
    const check =
      proof.verdict === 'proved' ? checkCertificate(before.model, after.model, proof.certificate) : undefined;
    io.print(args.flag('json') ? toJson(proofJson(proof, check)) : printProof(proof, check));
    return proof.verdict === 'proved' && check?.valid ? exitCode.fine : exitCode.findings;
  },
};
