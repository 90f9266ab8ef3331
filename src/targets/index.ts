export * from './explain-plan.ts';
export * from './lint.ts';
export type { Lint, LintFinding } from './lints/lint.ts';
export type { CalibrationOptions } from './onnxruntime/calibration.ts';
export { type OnnxruntimeOptions, onnxruntime } from './onnxruntime.ts';
export * from './plan.ts';
export { laws } from './tensorrt/laws.ts';
export { type TensorrtOptions, tensorrt } from './tensorrt.ts';
