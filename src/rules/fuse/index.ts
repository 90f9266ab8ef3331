import { ruleSet } from '../../rewrite/index.ts';
import { foldBatchNormIntoConv } from './fold-batch-norm-into-conv.ts';
import { foldBatchNormIntoQuantizedConv } from './fold-batch-norm-into-quantized-conv.ts';

export { foldBatchNormIntoConv, foldBatchNormIntoQuantizedConv };

/** Rules that make one operator of several. */
export const fuse = ruleSet('fuse', foldBatchNormIntoConv, foldBatchNormIntoQuantizedConv);
