export type { Engine, GroupedModel, HiddenValue, IntegerGroup, LeftNode } from './group.ts';
export { type GroupOptions, groupIntegers } from './group-integers.ts';
export { type GroupRule, onnxRuntimeRules } from './onnxruntime/rules.ts';
export { quantizableRules, type TensorRtRule, tensorRtRules } from './tensorrt/rules.ts';
