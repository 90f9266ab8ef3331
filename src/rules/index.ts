import { ruleSet } from '../rewrite/index.ts';
import { fuse } from './fuse/index.ts';
import {
  quantize,
  quantizeAfterResize,
  quantizeBeforeConcat,
  quantizeBeforeGather,
  quantizeBeforeResize,
  removeDanglingDequantizeInt8,
  requantize,
  unquantize,
  unquantizeAveragePool,
  unquantizeHalfQuantizedMatmul,
} from './quantize/index.ts';
import { report } from './report/index.ts';
import { simplify } from './simplify/index.ts';

export * from './fuse/index.ts';
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
  quantizeBeforeConcat,
  quantizeBeforeGather,
  quantizeBeforeResize,
  quantizeAfterResize,
  unquantize,
  unquantizeAveragePool,
  unquantizeHalfQuantizedMatmul,
  requantize,
  removeDanglingDequantizeInt8,
  report,
);
