import { expect, it } from 'vitest';
import { findCases, runCase, type Verdict } from '../../scripts/conformance-case.ts';
import { describeShared, sharedDir } from './paths.ts';

describeShared('conformance', () => {
  it.each([
    ['node', 881],
    ['pytorch-converted', 50],
    ['pytorch-operator', 23],
    ['ort', 41],
    ['light', 7],
    ['simple', 14],
  ])('%s: every test passes', async (suite, count) => {
    const verdicts = new Map<string, Verdict>();
    for (const test of findCases(`${sharedDir}/conformance/${suite}`))
      verdicts.set(test.name, await runCase(test));
    const of = (kind: Verdict['kind']) => [...verdicts].filter(([, verdict]) => verdict.kind === kind);
    const passed = of('passed').length;
    console.log(`${suite}: ${passed} passed of ${verdicts.size}`);
    expect([...of('failed'), ...of('unsupported')].map(([name, { reason }]) => `${name}: ${reason}`)).toEqual(
      [],
    );
    expect(of('expected').map(([name]) => name)).toEqual(suite === 'simple' ? ['test_gradient_of_add'] : []);
    expect(passed).toBe(count);
  });
});
