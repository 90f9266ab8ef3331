export * from './plan.ts';
export { laws } from './tensorrt/laws.ts';
export { type TensorrtOptions, tensorrt } from './tensorrt.ts';
