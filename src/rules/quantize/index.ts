import { ruleSet } from '../../rewrite/index.ts';
import { dropIsolatedQdq } from './drop-isolated-qdq.ts';
import { floatIslands } from './float-islands.ts';
import { gateBothOrNone } from './gate-both-or-none.ts';
import { oneFloatAddInput } from './one-float-add-input.ts';
import { perTensorActivation } from './per-tensor-activation.ts';
import { quantizeAfterClip } from './quantize-after-clip.ts';
import { quantizeAfterRelu } from './quantize-after-relu.ts';
import { quantizeAfterResize } from './quantize-after-resize.ts';
import { quantizeAroundMaxPool } from './quantize-around-max-pool.ts';
import { quantizeAttentionMatmuls } from './quantize-attention-matmuls.ts';
import { quantizeAveragePoolBothSides } from './quantize-average-pool-both-sides.ts';
import { quantizeBeforeConcat } from './quantize-before-concat.ts';
import { quantizeBeforeCopy } from './quantize-before-copy.ts';
import { quantizeBeforeGather } from './quantize-before-gather.ts';
import { quantizeBeforePad } from './quantize-before-pad.ts';
import { quantizeBeforeResize } from './quantize-before-resize.ts';
import { quantizeBeforeSplit } from './quantize-before-split.ts';
import { quantizeResidual } from './quantize-residual.ts';
import { removeDanglingDequantize, removeDanglingDequantizeInt8 } from './remove-dangling-dequantize.ts';
import { scaleBeforeQuantize } from './scale-before-quantize.ts';
import { skipUnprofitableOp } from './skip-unprofitable-op.ts';
import { transposeBeforeQuantize } from './transpose-before-quantize.ts';
import { unquantizeAveragePool } from './unquantize-average-pool.ts';
import { unquantizeBeforeActivation } from './unquantize-before-activation.ts';
import { unquantizeBeforeResize } from './unquantize-before-resize.ts';
import { unquantizeConvAddEdge } from './unquantize-conv-add-edge.ts';
import { unquantizeConvBnEdge } from './unquantize-conv-bn-edge.ts';
import { unquantizeHalfQuantizedMatmul } from './unquantize-half-quantized-matmul.ts';

export { quantizeAttentionMatmulsWith } from './quantize-attention-matmuls.ts';
export { quantizeAveragePoolBothSidesWith } from './quantize-average-pool-both-sides.ts';
export { quantizeBeforeCopyUnlessFused } from './quantize-before-copy.ts';
export { quantizeBeforeSplitUnlessFused } from './quantize-before-split.ts';
export { quantizeResidualWith } from './quantize-residual.ts';
export { removeDanglingDequantizeTo } from './remove-dangling-dequantize.ts';
export {
  dropIsolatedQdq,
  floatIslands,
  gateBothOrNone,
  oneFloatAddInput,
  perTensorActivation,
  quantizeAfterClip,
  quantizeAfterRelu,
  quantizeAfterResize,
  quantizeAroundMaxPool,
  quantizeAttentionMatmuls,
  quantizeAveragePoolBothSides,
  quantizeBeforeConcat,
  quantizeBeforeCopy,
  quantizeBeforeGather,
  quantizeBeforePad,
  quantizeBeforeResize,
  quantizeBeforeSplit,
  quantizeResidual,
  removeDanglingDequantize,
  removeDanglingDequantizeInt8,
  scaleBeforeQuantize,
  skipUnprofitableOp,
  transposeBeforeQuantize,
  unquantizeAveragePool,
  unquantizeBeforeActivation,
  unquantizeBeforeResize,
  unquantizeConvAddEdge,
  unquantizeConvBnEdge,
  unquantizeHalfQuantizedMatmul,
};

/** Rules that put quantizers where engines want them, exactly – but for the last, which drops a pair in front of an output. */
export const quantize = ruleSet(
  'quantize',
  quantizeBeforePad,
  quantizeBeforeCopy,
  quantizeBeforeSplit,
  quantizeAfterRelu,
  quantizeAfterClip,
  quantizeAroundMaxPool,
  removeDanglingDequantize,
);

/** Rules that drop a pair which keeps operators apart, or serves no operator at all. Each takes out one rounding. */
export const unquantize = ruleSet(
  'unquantize',
  unquantizeConvBnEdge,
  unquantizeBeforeActivation,
  unquantizeConvAddEdge,
  oneFloatAddInput,
  gateBothOrNone,
  dropIsolatedQdq,
  floatIslands,
  unquantizeBeforeResize,
);

/** Rules that add a pair with the scale of another quantizer of the tensor, so that an operator can run in int8. */
export const requantize = ruleSet(
  'requantize',
  quantizeResidual,
  quantizeAveragePoolBothSides,
  quantizeAttentionMatmuls,
);
