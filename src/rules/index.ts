import { ruleSet } from '../rewrite/index.ts';
import { fuse } from './fuse/index.ts';
import {
  quantize,
  quantizeAfterResize,
  quantizeBeforeConcat,
  quantizeBeforeGather,
  quantizeBeforeResize,
  removeDanglingDequantizeInt8,
  unquantizeBeforeResize,
} from './quantize/index.ts';
import { simplify } from './simplify/index.ts';

export * from './fuse/index.ts';
export * from './quantize/index.ts';
export * from './simplify/index.ts';

/** Every rule there is, those included that are only used when asked for. */
export const catalogue = ruleSet(
  'catalogue',
  simplify,
  fuse,
  quantize,
  quantizeBeforeConcat,
  quantizeBeforeGather,
  quantizeBeforeResize,
  quantizeAfterResize,
  unquantizeBeforeResize,
  removeDanglingDequantizeInt8,
);
