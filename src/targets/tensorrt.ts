import { foldConstants, removeDeadValues, removeIdentity, unifyScales } from '../passes/index.ts';
import { type Pipeline, pipeline, ruleSet } from '../rewrite/index.ts';
import { fuse, quantize, removeDanglingDequantizeInt8, simplify } from '../rules/index.ts';

export interface TensorrtOptions {
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
}

/**
 * Makes the placement of quantizers what TensorRT wants: `rewrite(model, tensorrt())`.
 *
 * First the ground is cleared – Identity, constants computed in the graph, dead values, doubled quantizers – so that
 * rules see weights, scales and pads as constants. Then batch norms go into convolutions, quantizers move to where
 * kernels fuse, and quantizers that copies alone lie between share a scale. Each may open the way for another; the
 * pipeline goes round until nothing changes.
 *
 * By default nothing changes the interface. What changes numbers: `fold-batch-norm-*` (float rounding),
 * `remove-dangling-dequantize` (drops the rounding in front of a float output, which TensorRT refuses or pays for), and
 * `unify-scales` (calibration: without it every Concat costs a requantization for each input). Leave any of them out
 * with `tensorrt().without(…)`.
 */
export function tensorrt(options: TensorrtOptions = {}): Pipeline {
  const { unify = 'max', maxRatio, residualAdds, resize, int8Output = false } = options;
  const clear = [removeIdentity, foldConstants(), removeDeadValues, simplify];
  // A pair that goes because nobody reads it must not have a say in a shared scale; one that stays as int8 must.
  const place = int8Output ? quantize.without('remove-dangling-dequantize') : quantize;
  const share = unify === 'none' ? [] : [unifyScales({ policy: unify, maxRatio, residualAdds, resize })];
  const end = int8Output ? [ruleSet('outputs', removeDanglingDequantizeInt8)] : [];
  return pipeline('tensorrt', clear, fuse, place, share, end);
}
