export type { Conventions, OverflowConvention, RoundingConvention, SumConvention } from './conventions.ts';
export { defaultConventions } from './conventions.ts';
export { type EvaluateOptions, evaluateNode } from './evaluate-node.ts';
export { type ExecuteOptions, execute, executeValues } from './execute.ts';
export * from './groups/index.ts';
export type { Kernel, KernelCall, KernelResult } from './kernel.ts';
export { type Refusals, refusals } from './plan.ts';
export { findKernel, type SupportedOperator, supportedOperators } from './registry.ts';
export {
  type CompileOptions,
  compile,
  type ExecuteLimits,
  type ExecuteProgress,
  type Inputs,
  type RunOptions,
  type Session,
  type SessionMemory,
} from './session.ts';
export type { RuntimeValue } from './values.ts';
