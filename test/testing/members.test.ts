import { describe, expect, it } from 'vitest';
import { printVerdict } from '../../src/testing/index.ts';
import { checkMember, members } from './members.ts';

/** Few models each; `npm run check:rules -- --runs 10000` makes many, of a fresh seed. */
describe('every rule and pass of the catalogue', () => {
  it.each(members())('$name is not refuted', (member) => {
    const verdict = checkMember(member, { runs: 40, seed: 1, proofs: 2 });
    expect(verdict.kind, printVerdict(verdict)).not.toBe('refuted');
  });
});
