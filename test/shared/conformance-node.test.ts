import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runCase, type Verdict } from './conformance.ts';
import { describeShared, sharedDir } from './paths.ts';

/** How many tests passed when this was last written down; it may only grow. */
const floor = 877;

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
    expect(explain(of('failed'))).toBe('');
    expect(passed).toBeGreaterThanOrEqual(floor);
  });
});

function explain(verdicts: readonly (readonly [string, Verdict])[]): string {
  return verdicts.map(([name, { reason }]) => `${name}: ${reason}`).join('\n');
}
