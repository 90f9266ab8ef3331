export { canonicalOrder } from './canonical-order.ts';
export { canonicalHash, type EqualityOptions, equalModels, equalTensors } from './equality.ts';
export { type Scope, scopesOf } from './graphs.ts';
export { type MergedType, mergeTypes } from './merge-types.ts';
export * from './quantization.ts';
export * from './quantizer-pairs.ts';
export { tensorDigest } from './tensor-digest.ts';
export * from './types.ts';
export { assertValid, newestIrVersion, type Problem, type ValidateOptions, validate } from './validate.ts';
