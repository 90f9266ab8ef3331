import { describe, expect, it } from 'vitest';
import { examine } from '../../src/testing/claims.ts';
import { checkRule } from '../../src/testing/index.ts';
import { shrinkCase, smallerCases } from '../../src/testing/smaller.ts';
import { museum } from '../wrong-rules/index.ts';

describe('a counterexample', () => {
  const chosen = museum.filter((_, i) => i % 15 === 0);

  it.each(chosen)('of $wrong.name loses the failure without any node, input or element', ({ wrong }) => {
    const verdict = checkRule(wrong);
    if (verdict.kind !== 'refuted') throw new Error('not refuted');
    const { model, inputs, claim } = verdict.counterexample;
    const one = { model, samples: [inputs] };
    expect(examine(wrong, one).broken?.claim).toBe(claim);
    for (const smaller of smallerCases(one)) expect(examine(wrong, smaller).broken?.claim).not.toBe(claim);
  });

  it('comes to an end even where everything fails', () => {
    const verdict = checkRule(museum[0]!.wrong);
    if (verdict.kind !== 'refuted') throw new Error('not refuted');
    const { model, inputs } = verdict.counterexample;
    const smallest = shrinkCase({ model, samples: [inputs] }, () => true);
    expect(smallest.model.graph.nodes.length).toBe(1);
  });
});
