export * from './explain-plan.ts';
export * from './lint.ts';
export type { Lint, LintFinding } from './lints/lint.ts';
export * from './onnxruntime/index.ts';
export { type OnnxruntimeOptions, onnxruntime } from './onnxruntime.ts';
export * from './plan.ts';
export { laws } from './tensorrt/laws.ts';
export {
  type Consent,
  consentNames,
  consents,
  type TensorrtOptions,
  type TensorrtVersionName,
  tensorrt,
} from './tensorrt.ts';
