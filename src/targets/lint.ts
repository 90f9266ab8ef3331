import type { Model } from '../ir/index.ts';
import { foldConstants, removeIdentity } from '../passes/index.ts';
import { rewrite } from '../rewrite/index.ts';
import { ModelError } from '../support/errors.ts';
import { importerLints } from './lints/importer.ts';
import { kernelLints } from './lints/kernels.ts';
import type { Lint, LintFinding } from './lints/lint.ts';
import { onnxruntimeLints } from './lints/onnxruntime.ts';
import { scaleLints } from './lints/scales.ts';
import { subjectsOf } from './lints/subject.ts';
import { weightLints } from './lints/weights.ts';
import { tensorrtVersions } from './tensorrt/versions.ts';

export interface LintOptions {
  /** `tensorrt@8.6`, `tensorrt@10`, `tensorrt@11`, `onnxruntime`; `tensorrt` is `tensorrt@10`. */
  readonly target: string;
}

/** Everything a model is looked at for, in the order findings are given. */
export const lints: readonly Lint[] = Object.freeze([
  ...importerLints,
  ...weightLints,
  ...kernelLints,
  ...onnxruntimeLints,
  ...scaleLints,
]);

/** The targets `lint` knows. */
export const lintTargets: readonly string[] = Object.freeze([...tensorrtVersions.keys(), 'onnxruntime']);

/**
 * What an engine will refuse, read otherwise than it is meant, or run slowly. The model is looked at as engines see it,
 * with everything folded that is computed from constants.
 *
 * @throws ModelError `unknown-target`
 */
export function lint(model: Model, { target }: LintOptions): readonly LintFinding[] {
  const name = target === 'tensorrt' ? 'tensorrt@10' : target;
  if (!lintTargets.includes(name)) {
    throw new ModelError('unknown-target', `There are no lints for the target "${target}".`, {
      fix: `There are ${lintTargets.join(', ')}.`,
    });
  }
  const folded = rewrite(model, [removeIdentity, foldConstants()]).model;
  const subjects = subjectsOf(folded, name);
  return lints
    .filter(({ targets }) => targets.includes(name))
    .flatMap((entry) =>
      subjects.flatMap((subject) =>
        [...entry.find(subject)].map(({ at, message, rule }) => ({
          id: entry.id,
          severity: entry.severity,
          graph: subject.path,
          at,
          message,
          cost: entry.cost,
          rule: rule === undefined ? entry.rule : rule,
        })),
      ),
    );
}
