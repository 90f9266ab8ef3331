import { type Model, opsetOf, viewOf } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { inferTypes } from './types.ts';
import { checkFunctions, functionFinder } from './validation/functions.ts';
import { checkGraph } from './validation/graphs.ts';
import { type Problem, Report } from './validation/report.ts';

export type { Problem } from './validation/report.ts';

export interface ValidateOptions {
  /** Also infer all types and shapes and report where the model contradicts itself. */
  readonly strict?: boolean;
  /** Most problems to report. */
  readonly limit?: number;
}

/** The newest IR version this library knows. */
export const newestIrVersion = 14;

/**
 * Every rule of the specification that a model breaks, in the order of the file; an empty list when it is valid.
 *
 * The rules of the ONNX checker, and for QuantizeLinear and DequantizeLinear those of their definition. Data in other
 * files is not looked at. Never throws, whatever the model.
 */
export function validate(
  model: Model,
  { strict = false, limit = 1000 }: ValidateOptions = {},
): readonly Problem[] {
  const report = new Report(limit);
  const irVersion = model.irVersion ?? 0;
  checkVersions(report, model);
  const findFunction = functionFinder(model.functions);
  // Before IR version 3 a model imports nothing and means opset 1.
  const opset = (domain: string | undefined) =>
    opsetOf(model.opsetImports, domain) ?? (irVersion < 3 && !domain ? 1 : undefined);
  const rules = { opset, findFunction, irVersion, inFunction: false, isMain: true };
  checkGraph(report, model.graph, viewOf(model), model.graph.name || 'main', rules);
  checkFunctions(report, model, findFunction);
  if (strict && report.problems.every(({ severity }) => severity !== 'error')) checkTypes(report, model);
  return report.problems;
}

/**
 * Throws the first error of `validate`.
 *
 * @throws ModelError with the problem's code, place and fix
 */
export function assertValid(model: Model, options: ValidateOptions = {}): void {
  const problem = validate(model, options).find(({ severity }) => severity === 'error');
  if (problem === undefined) return;
  throw new ModelError(problem.code, problem.message, { at: problem.at, fix: problem.fix });
}

function checkVersions(report: Report, model: Model): void {
  const { irVersion, opsetImports } = model;
  if (irVersion === undefined)
    report.error('missing-ir-version', 'model', 'The model has no IR version.', 'Set ir_version.');
  else if (irVersion > newestIrVersion || irVersion < 1)
    report.error(
      'unknown-ir-version',
      'model',
      `IR version ${irVersion} is not known; the newest is ${newestIrVersion}.`,
      'Update this library, or export with an older version.',
    );
  if ((irVersion ?? 0) >= 3 && opsetImports.length === 0)
    report.error('missing-opset', 'model', 'The model imports no operator set.', 'Add an opset_import.');
  if (irVersion !== undefined && irVersion < 3 && opsetImports.length > 0)
    report.error(
      'unexpected-opset',
      'model',
      `IR version ${irVersion} has no opset_import.`,
      'Raise ir_version to 3.',
    );
  for (const { domain, version } of opsetImports) {
    if (version === undefined || version < 1 || version > 0x7fffffff)
      report.error(
        'opset-version',
        'model',
        `Opset version ${version} of "${domain ?? ''}" is out of range.`,
        'Correct it.',
      );
  }
  const keys = new Set<string>();
  for (const { key = '' } of model.metadata) {
    if (keys.has(key))
      report.error('duplicate-metadata', 'model', `The metadata key "${key}" is given twice.`, 'Keep one.');
    keys.add(key);
  }
}

function checkTypes(report: Report, model: Model): void {
  report.attempt(model.graph.name || 'main', () => {
    for (const problem of inferTypes(model).problems)
      report.error(
        problem.code,
        problem.at ?? 'main',
        problem.message,
        problem.fix ?? 'Export the model again.',
      );
  });
}
