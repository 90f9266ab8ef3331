import { ruleSet } from '../../rewrite/index.ts';
import { quantizeAfterClip } from './quantize-after-clip.ts';
import { quantizeAfterRelu } from './quantize-after-relu.ts';
import { quantizeAfterResize } from './quantize-after-resize.ts';
import { quantizeAroundMaxPool } from './quantize-around-max-pool.ts';
import { quantizeBeforeConcat } from './quantize-before-concat.ts';
import { quantizeBeforeCopy } from './quantize-before-copy.ts';
import { quantizeBeforeGather } from './quantize-before-gather.ts';
import { quantizeBeforePad } from './quantize-before-pad.ts';
import { quantizeBeforeResize } from './quantize-before-resize.ts';
import { quantizeBeforeSplit } from './quantize-before-split.ts';
import { removeDanglingDequantize, removeDanglingDequantizeInt8 } from './remove-dangling-dequantize.ts';
import { unquantizeBeforeResize } from './unquantize-before-resize.ts';

export { removeDanglingDequantizeTo } from './remove-dangling-dequantize.ts';
export {
  quantizeAfterClip,
  quantizeAfterRelu,
  quantizeAfterResize,
  quantizeAroundMaxPool,
  quantizeBeforeConcat,
  quantizeBeforeCopy,
  quantizeBeforeGather,
  quantizeBeforePad,
  quantizeBeforeResize,
  quantizeBeforeSplit,
  removeDanglingDequantize,
  removeDanglingDequantizeInt8,
  unquantizeBeforeResize,
};

/** Rules that put quantizers where engines want them; outputs of the graph stay float. */
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
