import { expect, it } from 'vitest';
import { findCases, runCase, type Verdict } from '../../scripts/conformance-case.ts';
import { type Model, Tensor } from '../../src/ir/index.ts';
import type { Inputs, RuntimeValue } from '../../src/runtime/index.ts';
import { ModelSession } from '../../src/runtime/session.ts';
import { encodeTensor } from '../../src/serde/index.ts';
import { describeShared, sharedDir } from './paths.ts';

/** The bits of values, to compare: equal NaN are equal. */
function bitsOf(values: Iterable<readonly [string, RuntimeValue]>): unknown[] {
  return [...values].map(([name, value]) => [name, bits(value)]);
}

function bits(value: RuntimeValue): unknown {
  if (value instanceof Tensor)
    return [value.dtype, String(value.dims), Buffer.from(encodeTensor(value)).toString('base64')];
  return JSON.stringify(value, (_, inner) => (inner instanceof Tensor ? bits(inner) : inner));
}

/** Runs a model again and again in a session that spoils memory as soon as nobody may read it. */
function runSpoiled(model: Model, inputs: Inputs): Map<string, RuntimeValue> {
  const session = new ModelSession(model, {}, { repeats: true, poison: true });
  const given = new Map(inputs);
  const first = session.runValues(given);
  const wanted = bitsOf(first);
  const seen: (readonly [string, Tensor])[] = [];
  const watch = { onValue: (name: string, value: Tensor) => void seen.push([name, value]) };
  const runs = [{}, {}, watch, {}, watch].map((options) => session.runValues(given, options));
  for (const run of runs) expect(bitsOf(run)).toEqual(wanted);
  expect(bitsOf(first), 'later runs change nothing that was given back').toEqual(wanted);
  const half = seen.length / 2;
  expect(bitsOf(seen.slice(half))).toEqual(bitsOf(seen.slice(0, half)));
  return runs.at(-1)!;
}

describeShared('sessions', () => {
  it.each(['node', 'pytorch-converted', 'pytorch-operator', 'simple'])(
    'read no memory that is free, and run %s as often as one likes',
    async (suite) => {
      const failed: string[] = [];
      const counts: Record<Verdict['kind'], number> = { passed: 0, failed: 0, unsupported: 0, expected: 0 };
      for (const test of findCases(`${sharedDir}/conformance/${suite}`)) {
        const { kind, reason } = await runCase(test, runSpoiled).catch((error: Error) => ({
          kind: 'failed' as const,
          reason: error.message.slice(0, 300),
        }));
        counts[kind]++;
        if (kind === 'failed') failed.push(`${test.name}: ${reason}`);
      }
      expect(failed).toEqual([]);
      expect(counts.passed).toBeGreaterThan(0);
    },
  );
});
