export { Call, type Inference, type InferenceContext } from './call.ts';
export {
  type Contents,
  constantFacts,
  type Dim,
  dtypeOf,
  type Facts,
  type Shape,
  shapeOf,
  tensorFacts,
  toDim,
  toDimension,
} from './facts.ts';
export { canInfer, inferNode, registerInference } from './registry.ts';
