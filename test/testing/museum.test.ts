import { describe, expect, it } from 'vitest';
import { equalModels } from '../../src/analysis/index.ts';
import { decodeModel, parseModel } from '../../src/serde/index.ts';
import { checkRule, printVerdict } from '../../src/testing/index.ts';
import { museum } from '../wrong-rules/index.ts';

describe('the museum of wrong rules', () => {
  it.each(museum)('refutes $wrong.name: $forgets', ({ wrong, breaks = ['outputs'] }) => {
    const verdict = checkRule(wrong);
    if (verdict.kind !== 'refuted') throw new Error(printVerdict(verdict));
    const { counterexample } = verdict;
    expect(breaks).toContain(counterexample.claim);
    expect(counterexample.model.graph.nodes.length).toBeLessThanOrEqual(6);
    const tensors = [...counterexample.model.graph.initializers, ...counterexample.inputs.values()];
    expect(Math.max(0, ...tensors.map(({ size }) => size))).toBeLessThanOrEqual(8);
    expect(equalModels(parseModel(counterexample.text), decodeModel(counterexample.bytes))).toBe(true);
  });

  it.each([...new Set(museum.map(({ right }) => right))])('finds nothing against $name', (right) => {
    const few = checkRule(right, { runs: 20, proofs: 2 });
    const verdict = few.kind === 'inconclusive' ? checkRule(right, { runs: 200, proofs: 2 }) : few;
    expect(verdict.kind, printVerdict(verdict)).toBe('holds');
  });
});
