import type { Tensor } from '../../ir/index.ts';
import type { CertificateCheck, Proof } from '../../proof/index.ts';
import { formatNumber } from '../../support/text-table.ts';

/** A proof for people. */
export function printProof(proof: Proof, check: CertificateCheck | undefined): string {
  switch (proof.verdict) {
    case 'proved':
      return check?.valid
        ? `Proved: all ${proof.elements} output elements are the same bits in both models, for every input without NaN.\n` +
            `The proof was checked again: ${check.claims} elements follow from those before them.`
        : `Undecided: the proof does not stand up to its check, at ${check?.at}: ${check?.reason}. Please report this.`;
    case 'refuted':
      return (
        `Refuted: on the inputs below, element ${proof.element} of "${proof.output}" is ${proof.before} before ` +
        `and ${proof.after} after.\n${[...proof.inputs].map(([name, value]) => `  ${name}: ${tellTensor(value)}`).join('\n')}`
      );
    case 'undecided':
      return `Undecided at ${proof.at}: ${proof.reason}.\nqdq-surgeon verify compares the models on samples.`;
  }
}

/** What `prove --json` gives. */
export function proofJson(proof: Proof, check: CertificateCheck | undefined): unknown {
  switch (proof.verdict) {
    case 'proved':
      return check?.valid
        ? { verdict: 'proved', elements: proof.elements, claims: check.claims }
        : { verdict: 'undecided', at: check?.at, reason: check?.reason };
    case 'refuted': {
      const { output, element, before, after } = proof;
      const inputs = [...proof.inputs].map(([name, { dtype, dims }]) => ({ name, dtype, dims }));
      return { verdict: 'refuted', output, element, before, after, inputs };
    }
    case 'undecided':
      return { verdict: 'undecided', at: proof.at, reason: proof.reason };
  }
}

const shown = 8;

/** Type, shape and first values of a tensor. */
function tellTensor(value: Tensor): string {
  const values = Array.from(value.toTypedArray() as ArrayLike<number | bigint>, Number);
  const first = values.slice(0, shown).map((number) => formatNumber(number, 9));
  return `${value.dtype}[${value.dims}] {${first.join(', ')}${values.length > shown ? ', …' : ''}}`;
}
