import { checkCertificate, proveEqual } from '../proof/index.ts';
import { rewrite, type StageSource } from '../rewrite/index.ts';
import { ModelError } from '../support/errors.ts';
import type { Case } from './matching.ts';

/** Matches that have to be proved before a rule counts as proved. */
const least = 10;

/** How far proofs reach for the matches of an exact rule. */
export interface Proofs {
  readonly evidence: 'tested' | 'proved';
  readonly proved: number;
}

/**
 * Proves that matched models compute the same before and after, for every input and not on samples only. Models around a
 * match that no proof can follow – subgraphs, operators of unknown domains – are left to the tests; a single match that
 * can be followed and comes out differently leaves the rule to them altogether.
 */
export function proveMatches(what: StageSource, matched: readonly Case[], most = 30): Proofs {
  let proved = 0;
  for (const { model } of matched) {
    if (proved >= most) break;
    const { model: after, trace } = rewrite(model, what);
    if (after === model || trace.rewrites.some(({ effect }) => effect !== 'exact')) continue;
    const verdict = decide(model, after);
    if (verdict === 'open') return { evidence: 'tested', proved };
    if (verdict === 'proved') proved += 1;
  }
  return { evidence: proved >= least ? 'proved' : 'tested', proved };
}

function decide(before: Case['model'], after: Case['model']): 'proved' | 'open' | 'unfollowed' {
  try {
    const proof = proveEqual(before, after, { limit: 100_000 });
    if (proof.verdict === 'proved')
      return checkCertificate(before, after, proof.certificate).valid ? 'proved' : 'open';
    return proof.verdict === 'undecided' && proof.cause === 'unfollowed' ? 'unfollowed' : 'open';
  } catch (error) {
    if (error instanceof ModelError) return 'unfollowed';
    throw error;
  }
}
