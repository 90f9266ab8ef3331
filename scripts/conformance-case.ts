import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import {
  elementCount,
  type Model,
  type OptionalData,
  type SequenceData,
  Tensor,
  tensor,
  type ValueInfo,
} from '../src/ir/index.ts';
import { loadModel } from '../src/node/index.ts';
import { executeValues, type Inputs } from '../src/runtime/index.ts';
import { decodeOptional, decodeSequence, decodeTensor } from '../src/serde/index.ts';
import { ModelError } from '../src/support/errors.ts';

/** A tensor, a sequence or an optional, as test data files hold them. */
type Value = Tensor | SequenceData | OptionalData;

/** A model with recorded inputs and outputs, in one of upstream's layouts. */
export interface ConformanceCase {
  readonly suite: string;
  readonly name: string;
  readonly model: string;
  /**
   * Folders of `input_0.pb`, `output_0.pb` …; or, for the models that come with weights of one value, the prefix of their
   * output file, whose input is computed.
   */
  readonly data: readonly string[] | { readonly outputPrefix: string };
}

export interface Verdict {
  readonly kind: 'passed' | 'failed' | 'unsupported' | 'expected';
  readonly reason: string;
}

/** Tests that upstream's own evaluator fails, too, and why. */
export const expectedFailures: ReadonlyMap<string, string> = new Map([
  ['test_gradient_of_add', 'Gradient is training'],
  ['test_range_bfloat16_type_positive_delta_expanded', 'the expanded model makes [2,1], expected is [2]'],
  ['test_range_float16_type_positive_delta_expanded', 'the expanded model makes [2,1], expected is [2]'],
  ['test_range_float_type_positive_delta_expanded', 'the expanded model makes [2,1], expected is [2]'],
  ['test_range_int32_type_negative_delta_expanded', 'the expanded model makes [2,1], expected is [2]'],
  ...['', '_double', '_seed'].flatMap((kind) =>
    ['', '_expanded'].map(
      (form) => [`test_bernoulli${kind}${form}`, 'expected are the draws of one run of numpy'] as const,
    ),
  ),
]);

const refusals = new Set([
  'unsupported-operator',
  'unsupported-version',
  'unsupported-dtype',
  'unsupported-attribute',
]);

/**
 * Every test below a folder, in the order of their names: folders with `model.onnx` and `test_data_set_*`, models with
 * `NAME_output_0.pb` beside them, and models whose data is in the same place below a folder `…-goldens`.
 */
export function findCases(folder: string): ConformanceCase[] {
  const models = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.onnx') && !file.includes('test_data_set_'))
    .sort()
    .map((file) => join(folder, file));
  return models.flatMap((model) => caseOf(model, folder) ?? []);
}

function caseOf(model: string, folder: string): ConformanceCase | undefined {
  const own = dirname(model);
  if (basename(model) === 'model.onnx') {
    const data = dataSets(own);
    return data.length > 0 ? { suite: basename(dirname(own)), name: basename(own), model, data } : undefined;
  }
  const stem = model.replace(/\.onnx$/, '');
  const light = { outputPrefix: `${stem}_output_` };
  if (existsSync(`${light.outputPrefix}0.pb`))
    return { suite: basename(own), name: basename(stem), model, data: light };
  for (let root = own; root.length >= folder.length - 1 && root !== dirname(root); root = dirname(root)) {
    const data = dataSets(join(`${root}-goldens`, relative(root, stem)));
    if (data.length > 0) return { suite: basename(root), name: relative(root, stem), model, data };
  }
  return undefined;
}

function dataSets(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith('test_data_set_'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Runs one test; inputs and outputs belong to the graph's by position. Throws what is not a ModelError.
 *
 * @param run how a model is run
 */
export async function runCase(
  test: ConformanceCase,
  run: (model: Model, inputs: Inputs) => Map<string, Value> = executeValues,
): Promise<Verdict> {
  const verdict = await judge(test, run);
  const reason = expectedFailures.get(test.name);
  return verdict.kind === 'passed' || reason === undefined ? verdict : { kind: 'expected', reason };
}

async function judge(
  { model: path, data, name }: ConformanceCase,
  run: (model: Model, inputs: Inputs) => Map<string, Value>,
): Promise<Verdict> {
  try {
    const model = await loadModel(path);
    const { graph } = model;
    const constants = new Set(graph.initializers.map((constant) => constant.name));
    const given = graph.inputs.filter((input) => !constants.has(input.name));
    const sets = 'outputPrefix' in data ? [''] : data;
    for (const set of sets) {
      const positional = 'outputPrefix' in data || existsSync(`${set}/input_${given.length}.pb`);
      const inputs =
        set === ''
          ? given.map((input) => [input.name, ramp(input)] as const)
          : readAll(`${set}/input_`, positional ? graph.inputs : given);
      const outputs = run(model, inputs);
      const prefix = 'outputPrefix' in data ? data.outputPrefix : `${set}/output_`;
      for (const [output, want] of readAll(prefix, graph.outputs)) {
        const difference = compareValues(outputs.get(output), want, tolerances.get(name));
        if (difference !== undefined) return { kind: 'failed', reason: `${output}: ${difference}` };
      }
    }
    return { kind: 'passed', reason: '' };
  } catch (error) {
    if (!(error instanceof ModelError)) throw new Error(`${path}: ${error}`, { cause: error });
    const kind = refusals.has(error.code) ? 'unsupported' : 'failed';
    return { kind, reason: `${error.at ?? ''} ${error.code}: ${error.message}`.trim() };
  }
}

/** Relative tolerances that a test's own data.json gives upstream. */
const tolerances = new Map([['light_densenet121', 2e-3]]);

/** The numbers from 0 up to 1, what the models of weights of one value are fed; unknown dims are 1. */
function ramp({ type }: ValueInfo): Tensor {
  const shape = type?.kind === 'tensor' ? (type.shape ?? []) : [];
  const dims = shape.map(({ value }) => value ?? 1);
  const count = elementCount(dims);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => i / count),
  );
}

function readAll(prefix: string, infos: readonly ValueInfo[]): (readonly [string, Value])[] {
  return infos.flatMap((info, i) => {
    const file = `${prefix}${i}.pb`;
    return existsSync(file) ? [[info.name, read(file, info)] as const] : [];
  });
}

function read(file: string, { type }: ValueInfo): Value {
  const bytes = readFileSync(file);
  if (type?.kind === 'sequence') return decodeSequence(bytes);
  return type?.kind === 'optional' ? decodeOptional(bytes) : decodeTensor(bytes);
}

/** What is wrong with a value, or `undefined`; sequences and optionals are compared element by element. */
export function compareValues(
  got: Value | undefined,
  want: Value,
  relativeTolerance?: number,
): string | undefined {
  if (want instanceof Tensor) {
    return got === undefined || got instanceof Tensor
      ? compare(got, want, relativeTolerance)
      : 'is not a tensor';
  }
  if (got === undefined || got instanceof Tensor) return 'is a tensor';
  const [ours, theirs] = [elementsOf(got), elementsOf(want)];
  if (ours.length !== theirs.length) return `has ${ours.length} elements, not ${theirs.length}`;
  for (const [i, element] of theirs.entries()) {
    const difference = compareValues(ours[i], element, relativeTolerance);
    if (difference !== undefined) return `element ${i} ${difference}`;
  }
  return undefined;
}

function elementsOf(value: SequenceData | OptionalData): readonly Value[] {
  if ('tensors' in value) return value.tensors;
  return [value.tensor, value.sequence].filter((held) => held !== undefined);
}

/**
 * What is wrong with a tensor, or `undefined`: element type, dims, and values – within 1e-7 + 1e-3·|want| for floats,
 * exactly for everything else.
 */
export function compare(
  got: Tensor | undefined,
  want: Tensor,
  relativeTolerance = 1e-3,
  absoluteTolerance = 1e-7,
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
    const room = absoluteTolerance + relativeTolerance * Math.abs(Number(b[i]));
    const close = !exact && Math.abs(Number(a[i]) - Number(b[i])) <= room;
    if (!close) return `[${i}] is ${a[i]}, not ${b[i]}`;
  }
  return undefined;
}
