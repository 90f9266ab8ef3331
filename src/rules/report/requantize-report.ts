import {
  any,
  constant,
  type NodeMatch,
  op,
  optional,
  quantizersPass,
  type Value,
} from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { makerOf } from '../neighbours.ts';
import { type Grid, type Quantizer, unlessSameGrid } from '../quantizer.ts';

/**
 * DQ(p) → copies → Q(p′)  ⇒  a finding
 *
 * A tensor on one grid is brought to another with nothing but copies between: a requantization. Behind a convolution an
 * engine can fuse it; anywhere else it is a kernel of its own. One scale for both, which `unify-scales` gives them, takes
 * it away.
 */
export const requantizeReport = rule({
  name: 'requantize-report',
  summary: 'DQ(p) → copies → Q(p′) ⇒ a finding',
  reason: 'A change of scale between copies is a kernel of its own, and a second rounding.',
  condition: 'Scale, zero point or type differ. Reports, changes nothing.',
  sources: ['https://github.com/NVIDIA/TensorRT/issues/2527'],

  match: op.QuantizeLinear(any('x'), constant('scale'), optional(constant('zero'))).as('quantize'),

  unless({ x, ...grid }) {
    const source = sourceOf(x);
    if (source === undefined) return `${x} is not behind a DequantizeLinear`;
    return otherGrid(source, grid) === undefined && 'both are one grid';
  },

  report({ x, ...grid }) {
    const source = sourceOf(x)!;
    return `${source} and ${grid.quantize} requantize one tensor: ${otherGrid(source, grid)}; unify-scales gives both one scale`;
  },
});

function otherGrid(source: Quantizer, grid: Grid): string | undefined {
  return unlessSameGrid(source, grid) || undefined;
}

/** The DequantizeLinear that a value comes from over copies alone. */
function sourceOf(x: Value): NodeMatch<'DequantizeLinear'> | undefined {
  let maker = makerOf(x);
  for (let steps = 0; steps < 16 && maker !== undefined; steps++) {
    if (maker.opType === 'DequantizeLinear') return maker as NodeMatch<'DequantizeLinear'>;
    if (!quantizersPass.has(maker.opType)) return undefined;
    maker = makerOf(maker.inputs[0]!);
  }
  return undefined;
}
