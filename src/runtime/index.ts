export type { Conventions, OverflowConvention, RoundingConvention, SumConvention } from './conventions.ts';
export { defaultConventions } from './conventions.ts';
export { type EvaluateOptions, evaluateNode } from './evaluate-node.ts';
export {
  type ExecuteLimits,
  type ExecuteOptions,
  type ExecuteProgress,
  execute,
  executeValues,
  type Inputs,
} from './execute.ts';
export * from './groups/index.ts';
export type { Kernel, KernelCall, KernelResult } from './kernel.ts';
export { findKernel, type SupportedOperator, supportedOperators } from './registry.ts';
export type { RuntimeValue } from './values.ts';
