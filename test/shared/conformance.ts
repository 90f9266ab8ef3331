import { existsSync, readFileSync } from 'node:fs';
import type { Tensor, ValueInfo } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { ModelError } from '../../src/support/errors.ts';

export interface Verdict {
  readonly kind: 'passed' | 'failed' | 'unsupported';
  readonly reason: string;
}

const refusals = new Set([
  'unsupported-operator',
  'unsupported-version',
  'unsupported-dtype',
  'unsupported-attribute',
]);

/** Runs one test folder: `model.onnx` on each `test_data_set_*`, inputs and outputs by graph position. */
export function runCase(folder: string): Verdict {
  try {
    const model = decodeModel(readFileSync(`${folder}/model.onnx`));
    if ([...model.graph.inputs, ...model.graph.outputs].some(({ type }) => type?.kind !== 'tensor'))
      return { kind: 'unsupported', reason: 'sequence or optional at the interface' };
    for (let set = 0; existsSync(`${folder}/test_data_set_${set}`); set++) {
      const data = `${folder}/test_data_set_${set}`;
      const inputs = readAll(data, 'input', model.graph.inputs);
      const expected = readAll(data, 'output', model.graph.outputs);
      const outputs = execute(model, inputs);
      for (const [name, want] of expected) {
        const difference = compare(outputs.get(name), want);
        if (difference !== undefined) return { kind: 'failed', reason: `${name}: ${difference}` };
      }
    }
    return { kind: 'passed', reason: '' };
  } catch (error) {
    if (!(error instanceof ModelError)) throw new Error(`${folder}: ${error}`, { cause: error });
    const kind = refusals.has(error.code) ? 'unsupported' : 'failed';
    return { kind, reason: `${error.code}: ${error.message}` };
  }
}

function readAll(
  folder: string,
  kind: 'input' | 'output',
  infos: readonly ValueInfo[],
): (readonly [string, Tensor])[] {
  return infos.flatMap(({ name }, i) => {
    const file = `${folder}/${kind}_${i}.pb`;
    return existsSync(file) ? [[name, decodeTensor(readFileSync(file))] as const] : [];
  });
}

/**
 * What is wrong with a result, or `undefined`: element type, dims, and values – within 1e-7 + 1e-3·|want| for floats, exactly
 * for everything else.
 */
export function compare(
  got: Tensor | undefined,
  want: Tensor,
  relative = 1e-3,
  absolute = 1e-7,
): string | undefined {
  if (got === undefined) return 'is not there';
  if (got.dtype !== want.dtype) return `is ${got.dtype}, not ${want.dtype}`;
  if (String(got.dims) !== String(want.dims)) return `is [${got.dims}], not [${want.dims}]`;
  if (want.dtype === 'string') {
    const at = want.toStrings().findIndex((text, i) => text !== got.toStrings()[i]);
    return at < 0 ? undefined : `[${at}] is "${got.toStrings()[at]}", not "${want.toStrings()[at]}"`;
  }
  const a = got.toTypedArray() as ArrayLike<number | bigint>;
  const b = want.toTypedArray() as ArrayLike<number | bigint>;
  const exact = !/float|complex/.test(want.dtype);
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    const close =
      !exact && Math.abs(Number(a[i]) - Number(b[i])) <= absolute + relative * Math.abs(Number(b[i]));
    if (!close) return `[${i}] is ${a[i]}, not ${b[i]}`;
  }
  return undefined;
}
