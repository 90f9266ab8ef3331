import { equalModels } from '../analysis/index.ts';
import type { Model } from '../ir/index.ts';
import { rewrite, type StageSource } from '../rewrite/index.ts';
import { parseModel, printModel } from '../serde/index.ts';
import { printVerify, type VerifyOptions, verify } from '../verify/index.ts';

/** What a matcher answers, in the form vitest and jest ask for. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * Matchers for `expect` of vitest and jest:
 *
 * ```ts
 * import { expect } from 'vitest';
 * import { matchers } from 'qdq-surgeon/testing';
 * expect.extend(matchers);
 *
 * expect(after).toBeEquivalentTo(before);
 * expect(before).toRewriteTo(myRule, after);
 * ```
 */
export const matchers = {
  /** Whether two models compute the same: bit for bit unless options allow more. */
  toBeEquivalentTo(received: Model, wanted: Model, options: VerifyOptions = {}): MatcherResult {
    const report = verify(wanted, received, options);
    return { pass: report.equivalent, message: () => printVerify(report) };
  },

  /** Whether rules or passes make a model into another one; names, order and metadata may differ. */
  toRewriteTo(received: Model, what: StageSource, wanted: Model | string): MatcherResult {
    const { model, trace } = rewrite(received, what);
    const target = typeof wanted === 'string' ? parseModel(wanted) : wanted;
    const pass = equalModels(model, target, { ignoreNames: true, ignoreOrder: true, ignoreMetadata: true });
    return {
      pass,
      message: () => `It was rewritten to\n${printModel(model)}\nby\n${trace.toString() || 'nothing'}`,
    };
  },
};
