import { ruleSet } from '../rewrite/index.ts';
import { fuse } from './fuse/index.ts';
import {
  foldCastIntoDequantize,
  foldWeightQuantizer,
  lower,
  restoreEnforcedRelu,
  uint8ToSymmetricInt8,
  unfoldWeightQuantizer,
} from './lower/index.ts';
import {
  perTensorActivation,
  quantize,
  quantizeAfterResize,
  quantizeBeforeConcat,
  quantizeBeforeGather,
  quantizeBeforeResize,
  removeDanglingDequantizeInt8,
  requantize,
  scaleBeforeQuantize,
  skipUnprofitableOp,
  transposeBeforeQuantize,
  unquantize,
  unquantizeAveragePool,
  unquantizeHalfQuantizedMatmul,
} from './quantize/index.ts';
import { report } from './report/index.ts';
import { simplify } from './simplify/index.ts';

export * from './fuse/index.ts';
export * from './lower/index.ts';
export * from './quantize/index.ts';
export type { Range, Ranges } from './ranges.ts';
export * from './report/index.ts';
export * from './simplify/index.ts';

/** Every rule there is, those included that are only used when asked for. */
export const catalogue = ruleSet(
  'catalogue',
  simplify,
  fuse,
  quantize,
  lower,
  quantizeBeforeConcat,
  quantizeBeforeGather,
  quantizeBeforeResize,
  quantizeAfterResize,
  scaleBeforeQuantize,
  transposeBeforeQuantize,
  foldWeightQuantizer,
  unfoldWeightQuantizer,
  foldCastIntoDequantize,
  unquantize,
  unquantizeAveragePool,
  unquantizeHalfQuantizedMatmul,
  skipUnprofitableOp,
  requantize,
  restoreEnforcedRelu,
  uint8ToSymmetricInt8,
  perTensorActivation,
  removeDanglingDequantizeInt8,
  report,
);
