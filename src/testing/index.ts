export { qdqModels, shapes, tensors } from './arbitraries.ts';
export { type CheckOptions, checkRule } from './check-rule.ts';
export type { BrokenClaim, Claim } from './claims.ts';
export { renamed, shuffled } from './disguise.ts';
export { checkLaws, expectSameOutputs, type LawOptions } from './laws.ts';
export {
  type Counterexample,
  type Coverage,
  type Holds,
  type Inconclusive,
  printCounterexample,
  printVerdict,
  type Refuted,
  type Verdict,
} from './verdict.ts';
