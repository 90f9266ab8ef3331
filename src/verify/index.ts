export { type FloatDistance, withoutActivationQuantizers } from './float-distance.ts';
export { type Difference, differenceOf, isWithin } from './measure.ts';
export { printVerify } from './print.ts';
export type { FirstDifference, OutputReport, VerifyFinding, VerifyReport } from './report.ts';
export {
  type GenerateOptions,
  generateSamples,
  type Sample,
  type SampleKind,
  sampleKinds,
} from './samples.ts';
export {
  type AllowedEffect,
  allowedEffectNames,
  describeTolerance,
  type Tolerance,
  tolerances,
} from './tolerance.ts';
export { type VerifyOptions, type VerifyProgress, verify } from './verify.ts';
