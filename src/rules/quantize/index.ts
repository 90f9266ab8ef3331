import { ruleSet } from '../../rewrite/index.ts';
import { quantizeAroundMaxPool } from './quantize-around-max-pool.ts';
import { quantizeBeforeCopy } from './quantize-before-copy.ts';
import { quantizeBeforePad } from './quantize-before-pad.ts';
import { quantizeBeforeSplit } from './quantize-before-split.ts';
import { removeDanglingDequantize, removeDanglingDequantizeInt8 } from './remove-dangling-dequantize.ts';

export { removeDanglingDequantizeTo } from './remove-dangling-dequantize.ts';
export {
  quantizeAroundMaxPool,
  quantizeBeforeCopy,
  quantizeBeforePad,
  quantizeBeforeSplit,
  removeDanglingDequantize,
  removeDanglingDequantizeInt8,
};

/** Rules that put quantizers where engines want them; outputs of the graph stay float. */
export const quantize = ruleSet(
  'quantize',
  quantizeBeforePad,
  quantizeBeforeCopy,
  quantizeBeforeSplit,
  quantizeAroundMaxPool,
  removeDanglingDequantize,
);
