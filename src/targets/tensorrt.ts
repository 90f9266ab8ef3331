import { foldConstants, int8Input, removeDeadValues, removeIdentity, unifyScales } from '../passes/index.ts';
import { type Pipeline, pipeline, type RuleSet, type RuleSource, ruleSet } from '../rewrite/index.ts';
import {
  dropEnforcedBounds,
  foldCastIntoDequantize,
  fuse,
  lower,
  perTensorActivation,
  quantize,
  quantizeAttentionMatmulsWith,
  quantizeAveragePoolBothSidesWith,
  quantizeBeforeCopy,
  quantizeBeforeCopyUnlessFused,
  quantizeBeforeSplit,
  quantizeBeforeSplitUnlessFused,
  quantizeResidualWith,
  removeDanglingDequantizeInt8,
  report,
  restoreEnforcedRelu,
  scaleBeforeQuantize,
  simplify,
  skipUnprofitableOp,
  uint8ToSymmetricInt8,
  unfoldWeightQuantizer,
  unquantize,
} from '../rules/index.ts';
import { Calibration, type CalibrationOptions } from './onnxruntime/calibration.ts';
import { observeRanges, WantedRanges } from './tensorrt/observe-ranges.ts';
import { tensorrtVersions } from './tensorrt/versions.ts';

/** What `tensorrt()` does when it is allowed to, with its effect on the numbers. */
export const consents = {
  residuals: 'quantizers on the residuals of convolutions with Add (scale)',
  'average-pools': 'quantizers on both sides of average pools that have one (scale)',
  attention: 'quantizers on both activations of a MatMul that has one (scale)',
  symmetric: 'uint8 quantizers of any zero point become int8 of zero point 0 (scale)',
  'per-tensor': 'activations with several scales get the widest of them (scale)',
  'int8-input': 'graph inputs become int8: callers quantize (interface)',
  unprofitable: 'operators too small for int8 kernels become float (closer)',
} as const;

export type Consent = keyof typeof consents;

export const consentNames = Object.freeze(Object.keys(consents)) as readonly Consent[];

/** Versions of TensorRT that differ in what they take. */
export type TensorrtVersionName = '8.6' | '10' | '11';

/** Which consent each rule and pass needs that is not applied without one, by its name. */
export const consentOf: ReadonlyMap<string, Consent> = new Map([
  ['quantize-residual', 'residuals'],
  ['quantize-average-pool-both-sides', 'average-pools'],
  ['quantize-attention-matmuls', 'attention'],
  ['restore-enforced-relu', 'symmetric'],
  ['uint8-to-symmetric-int8', 'symmetric'],
  ['per-tensor-activation', 'per-tensor'],
  ['int8-input', 'int8-input'],
  ['skip-unprofitable-op', 'unprofitable'],
]);

export interface TensorrtOptions extends CalibrationOptions {
  /** `10`; see docs/plan.md for what differs. */
  readonly version?: TensorrtVersionName;
  /** Whose scale quantizers share that have to share one: the widest, the consumer's, or each keeps its own; `max`. */
  readonly unify?: 'max' | 'consumer' | 'none';
  /** Ranges further apart than this are left alone and reported; 10. */
  readonly maxRatio?: number;
  /** Whether the two inputs of a residual Add share a scale as well; no: TensorRT adds int8 tensors of different scales. */
  readonly residualAdds?: boolean;
  /** Whether scales are shared across a nearest Resize: TensorRT versions differ in keeping one in int8; no. */
  readonly resize?: boolean;
  /** Whether an output behind a quantizer becomes int8 – its type changes – instead of float without quantizer; no. */
  readonly int8Output?: boolean;
  /** Whether pairs go that keep operators apart or serve none: a rounding less each, and outputs move; yes. */
  readonly unquantize?: boolean;
  /**
   * What else may be done: see `consents`; nothing. A scale comes from the tensor's other quantizer where it has one, else
   * from the ranges of calibration inputs.
   */
  readonly allow?: readonly Consent[];
}

/**
 * Makes the placement of quantizers what TensorRT wants: `rewrite(model, tensorrt())`. A pipeline that calibrates is for
 * one model.
 *
 * First the ground is cleared – Identity, constants computed in the graph, dead values, doubled quantizers – so that
 * rules see weights, scales and pads as constants, and the model is written in what the importer of the version knows.
 * Then batch norms go into convolutions, pairs go that keep operators
 * apart, quantizers move to where kernels fuse, and quantizers that copies alone lie between share a scale. Each may
 * open the way for another; the pipeline goes round until nothing changes. What only a person can mend is reported.
 *
 * By default nothing changes the interface, and no quantizer is added. What changes numbers: `fold-batch-norm-*` (float
 * rounding), `unquantize-*` and the like and `remove-dangling-dequantize` (a rounding less), and `unify-scales`
 * (calibration: without it every Concat costs a requantization for each input). Leave any of them out with
 * `tensorrt().without(…)`; what adds quantizers has to be allowed.
 */
export function tensorrt(options: TensorrtOptions = {}): Pipeline {
  const { unify = 'max', maxRatio, residualAdds, resize, int8Output = false } = options;
  // A bound that a quantizer keeps by itself is only superfluous while that quantizer stays and keeps its scale.
  const clear = [
    removeIdentity,
    foldConstants(),
    removeDeadValues,
    simplify.without(dropEnforcedBounds.name),
  ];
  // A pair that goes because nobody reads it must not have a say in a shared scale; one that stays as int8 must.
  const place = int8Output ? placing.without('remove-dangling-dequantize') : placing;
  const drop = options.unquantize === false ? [] : [unquantize];
  const share = unify === 'none' ? [] : [unifyScales({ policy: unify, maxRatio, residualAdds, resize })];
  const end = [
    ...(int8Output ? [ruleSet('outputs', removeDanglingDequantizeInt8)] : []),
    ...(options.allow?.includes('int8-input') ? [int8Input] : []),
  ];
  const name = options.version === undefined ? 'tensorrt' : `tensorrt@${options.version}`;
  const settled = [...share, dropEnforcedBounds, ...end];
  return pipeline(name, clear, lowered(options), drop, fuse, place, added(options), report, settled);
}

/** The rules that place quantizers, those that move pairs up past copies in the form that leaves them next to weights. */
const placing = ruleSet(
  'quantize',
  [...quantize].map((rule) =>
    rule === quantizeBeforeCopy
      ? quantizeBeforeCopyUnlessFused
      : rule === quantizeBeforeSplit
        ? quantizeBeforeSplitUnlessFused
        : rule,
  ),
);

/** The rules that write a model as the importer of a version knows it, and those allowed for the same purpose. */
function lowered({ version = '10', allow = [] }: TensorrtOptions): RuleSet {
  const { storesWeightCodes, takesFloat16Scales } = tensorrtVersions.get(`tensorrt@${version}`)!;
  return ruleSet(
    'lower',
    lower,
    storesWeightCodes ? [] : unfoldWeightQuantizer,
    takesFloat16Scales ? foldCastIntoDequantize : [],
    scaleBeforeQuantize,
    allow.includes('symmetric') ? [restoreEnforcedRelu, uint8ToSymmetricInt8] : [],
    allow.includes('per-tensor') ? perTensorActivation : [],
    allow.includes('unprofitable') ? skipUnprofitableOp : [],
  );
}

/** The rules that add quantizers: once with the scales there are, and once more with those that have to be measured. */
function added(options: TensorrtOptions) {
  const allowed = new Set(options.allow);
  const ranges = new WantedRanges();
  const rules: readonly (readonly [Consent, RuleSource])[] = [
    ['residuals', quantizeResidualWith(ranges)],
    ['average-pools', quantizeAveragePoolBothSidesWith(ranges)],
    ['attention', quantizeAttentionMatmulsWith(ranges)],
  ];
  const chosen = rules.filter(([consent]) => allowed.has(consent)).map(([, rule]) => rule);
  if (chosen.length === 0) return [];
  const rewriting = ruleSet('requantize', chosen);
  return [rewriting, observeRanges(new Calibration(options), ranges), rewriting];
}
