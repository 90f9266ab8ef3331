import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findCases, runCase, type Verdict } from '../../scripts/conformance-case.ts';
import { type Model, Tensor, tensor } from '../../src/ir/index.ts';
import { compile, execute, type Inputs, type RuntimeValue } from '../../src/runtime/index.ts';
import { ModelSession } from '../../src/runtime/session.ts';
import { decodeModel, decodeTensor, encodeTensor } from '../../src/serde/index.ts';
import { recordedModels } from './accuracy.ts';
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

  it.each(recordedModels(`${sharedDir}/models`).filter((name) => /slim|tiny/.test(name)))(
    'run %s as execute does, in float and in integer arithmetic, whatever was run before',
    (name) => {
      const folder = `${sharedDir}/models/${name}`;
      const model = decodeModel(readFileSync(`${folder}/model.onnx`));
      const constants = new Set(model.graph.initializers.map((constant) => constant.name));
      const inputs = model.graph.inputs
        .filter((input) => !constants.has(input.name))
        .map((input, i) => {
          const value = decodeTensor(readFileSync(`${folder}/test_data_set_0/input_${i}.pb`));
          return [input.name, value] as const;
        });
      const zeros = inputs.map(([input, { dtype, dims, size }]) => {
        return [input, tensor(dtype, dims, Array<number>(size).fill(0))] as const;
      });
      for (const options of [{}, { arithmetic: 'integer', engine: 'tensorrt' }] as const) {
        const wanted = bitsOf(execute(model, inputs, options));
        const spoiled = new ModelSession(model, options, { repeats: true, poison: true });
        for (const given of [inputs, zeros, inputs])
          if (given === inputs) expect(bitsOf(spoiled.run(given))).toEqual(wanted);
          else spoiled.run(given);
        const session = compile(model, options);
        for (let i = 0; i < 3; i++) expect(bitsOf(session.run(inputs))).toEqual(wanted);
        // The outputs are new in each run.
        const outputs = [...session.run(inputs).values()].reduce(
          (sum, { byteLength }) => sum + byteLength,
          0,
        );
        const { planned, peak, optimum } = session.memory;
        expect(peak).toBeLessThanOrEqual(planned + outputs);
        const isInteger = 'arithmetic' in options;
        // A transposed convolution in floats takes doubles for all it adds up.
        const least = isInteger && name.startsWith('padneck') ? 1.4 : 1.3;
        if (isInteger || name.startsWith('yolo')) expect(peak).toBeLessThanOrEqual(least * optimum);
      }
    },
  );
});
