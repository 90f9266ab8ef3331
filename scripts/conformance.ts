/**
 * `npm run conformance -- DIR`: runs every test below a folder in upstream's layout (a checkout's
 * `onnx/backend/test/data`, or any part of it), and prints the counts by suite and each failure. Exits 1 on failures.
 */
import { existsSync } from 'node:fs';
import { findCases, runCase, type Verdict } from './conformance-case.ts';

const folder = process.argv[2];
if (folder === undefined || !existsSync(folder)) {
  console.error(
    'Usage: npm run conformance -- DIR\nDIR is a folder of conformance tests, such as onnx/backend/test/data.',
  );
  process.exit(2);
}

const suites = new Map<string, Record<Verdict['kind'], number>>();
let failures = 0;
for (const test of findCases(folder)) {
  const verdict = await runCase(test).catch(
    (error: Error): Verdict => ({ kind: 'failed', reason: error.message }),
  );
  const counts = suites.get(test.suite) ?? { passed: 0, failed: 0, unsupported: 0, expected: 0 };
  counts[verdict.kind]++;
  suites.set(test.suite, counts);
  if (verdict.kind === 'failed' || verdict.kind === 'unsupported') {
    failures++;
    console.log(`${verdict.kind} ${test.suite}/${test.name}: ${verdict.reason}`);
  }
}

if (suites.size === 0) {
  console.error(`No test was found below ${folder}: it needs folders with model.onnx and test_data_set_0.`);
  process.exit(2);
}
for (const [suite, { passed, failed, unsupported, expected }] of suites) {
  const total = passed + failed + unsupported + expected;
  console.log(
    `${suite}: ${passed} of ${total} passed, ${failed} failed, ${unsupported} unsupported, ${expected} expected to fail`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;
