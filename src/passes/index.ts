export { floatRegionsInFp16 } from './float-regions-in-fp16.ts';
export { type FoldOptions, foldConstants } from './fold-constants.ts';
export { int8Input } from './int8-input.ts';
export { removeDeadValues } from './remove-dead-values.ts';
export { removeIdentity } from './remove-identity.ts';
export type { JoinOptions } from './scale-classes.ts';
export {
  type ScaleGroup,
  type ScaleMember,
  scaleGroups,
  type UnifyOptions,
  type UnifyPolicy,
} from './scale-groups.ts';
export { unifyScales } from './unify-scales.ts';
export { type ModulePair, yoloDeepstreamPairs } from './yolo-deepstream.ts';
