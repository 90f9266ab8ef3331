import type { Model } from '../../src/ir/index.ts';
import { type Rewritten, rewrite, type StageSource } from '../../src/rewrite/index.ts';
import { printModel } from '../../src/serde/index.ts';

/** The model after a rule, rule set, pass or pipeline. */
export function apply(what: StageSource, model: Model): Model {
  return applyTraced(what, model).model;
}

/** The same with its trace. */
export function applyTraced(what: StageSource, model: Model): Rewritten {
  return rewrite(model, what);
}

/** ONNX text without the header, for pictures in tests. */
export function picture(model: Model): string {
  return printModel(model).replace(/^<[^>]*>\n/, '');
}
