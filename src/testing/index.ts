export { qdqModels, shapes, tensors } from './arbitraries.ts';
export { type CheckKernelOptions, checkKernel, type Reference } from './check-kernel.ts';
export { type CheckPassOptions, checkPass } from './check-pass.ts';
export { type CheckOptions, checkRule } from './check-rule.ts';
export {
  type CheckRuleSetOptions,
  checkRuleSet,
  type Interference,
  type RuleSetVerdict,
} from './check-rule-set.ts';
export type { Claim } from './claims.ts';
export { renamed, shuffled } from './disguise.ts';
export { checkLaws, expectSameOutputs, type LawOptions } from './laws.ts';
export { type MatcherResult, matchers } from './matchers.ts';
export { type ModelsOptions, models, modelsMatching, nodes } from './models.ts';
export {
  type AttributesOptions,
  attributes,
  type QuantizationParameters,
  type QuantizationParametersOptions,
  quantizationParameters,
} from './parameters.ts';
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
