import {
  foldConstants,
  type JoinOptions,
  removeDeadValues,
  removeIdentity,
  unifyScales,
} from '../passes/index.ts';
import { type Pipeline, pipeline } from '../rewrite/index.ts';
import { dropEnforcedBounds, fuse, simplify } from '../rules/index.ts';
import { isOfOneSign } from './onnxruntime/bounds.ts';
import {
  Calibration,
  type CalibrationOptions,
  correctBias,
  quantizeBias,
  quantizeFloatConvolutions,
  quantizeValues,
  removeQuantizersBeforeBounds,
  storeQuantizedWeights,
  unquantizeSmallConvolution,
  useUnsignedCodes,
  useWholeRange,
} from './onnxruntime/index.ts';

export interface OnnxruntimeOptions extends CalibrationOptions {
  /** Whose scale quantizers share across a copy or a Concat: the widest, the consumer's, or each keeps its own; `max`. */
  readonly unify?: 'max' | 'consumer' | 'none';
  /** Ranges further apart than this are left alone and reported; 10. */
  readonly maxRatio?: number;
}

/**
 * Makes of a quantized model one whose operators ONNX Runtime fuses on x86: `rewrite(model, onnxruntime({ inputs }))`.
 *
 * An export for TensorRT has symmetric int8 quantizers in front of convolutions, and nothing behind them. ONNX Runtime
 * runs an operator on codes only when its output is quantized as well, wants unsigned activations, and adds biases in
 * units of its sums. The pipeline gives it all that, with standard operators alone.
 *
 * What changes numbers: `correct-bias` and `unquantize-small-convolution` (closer to the float model), `fold-batch-norm-*`
 * and `quantize-bias` (rounding), `unify-scales`, `use-whole-range`, `quantize-float-convolutions` and `quantize-values`
 * (calibration). Leave any of them out with `onnxruntime().without(…)`.
 */
export function onnxruntime(options: OnnxruntimeOptions = {}): Pipeline {
  const { unify = 'max', maxRatio } = options;
  const calibration = new Calibration(options);
  const join: JoinOptions = { resize: true, concat: isOfOneSign };
  const share = unify === 'none' ? [] : [unifyScales({ policy: unify, maxRatio, ...join })];
  return pipeline(
    'onnxruntime',
    [removeIdentity, foldConstants(), removeDeadValues, simplify.without(dropEnforcedBounds.name)],
    [correctBias(calibration), fuse, storeQuantizedWeights],
    [unquantizeSmallConvolution, removeQuantizersBeforeBounds],
    share,
    // Ranges are chosen while the bounds stand that they must not go beyond; then a quantizer keeps these by itself.
    [useWholeRange(calibration, join), useUnsignedCodes, dropEnforcedBounds],
    [quantizeFloatConvolutions, quantizeValues(calibration), quantizeBias],
  );
}
