import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runCase, type Verdict } from './conformance.ts';
import { describeShared, sharedDir } from './paths.ts';

/** Tests whose expected output is wrong or that nobody can meet, each with its reason (see the suite's README). */
const expectedFailures = new Map([
  [
    'test_range_bfloat16_type_positive_delta_expanded',
    'the expanded model yields [2,1] where [2] is expected',
  ],
  ['test_range_float_type_positive_delta_expanded', 'the expanded model yields [2,1] where [2] is expected'],
  ['test_range_int32_type_negative_delta_expanded', 'the expanded model yields [2,1] where [2] is expected'],
]);

/** How many tests passed when this was last written down; it may only grow. */
const floor = 0;

describeShared('ONNX node conformance', () => {
  it('meets every test whose operators are supported', () => {
    const folder = `${sharedDir}/conformance/node`;
    const verdicts = new Map<string, Verdict>();
    for (const name of readdirSync(folder)) verdicts.set(name, runCase(`${folder}/${name}`));
    const of = (kind: Verdict['kind']) => [...verdicts].filter(([, verdict]) => verdict.kind === kind);
    const passed = of('passed').length;
    const unsupported = of('unsupported');
    console.log(`node: ${passed} passed, ${unsupported.length} unsupported, of ${verdicts.size}`);
    if (process.env['CONFORMANCE_DETAILS']) console.log(explain(unsupported), explain(of('failed')));
    const failed = of('failed').filter(([name]) => !expectedFailures.has(name));
    expect(explain(failed)).toBe('');
    expect(passed).toBeGreaterThanOrEqual(floor);
    for (const name of expectedFailures.keys()) expect(verdicts.get(name)?.kind, name).not.toBe('passed');
  });
});

function explain(verdicts: readonly (readonly [string, Verdict])[]): string {
  return verdicts.map(([name, { reason }]) => `${name}: ${reason}`).join('\n');
}
