import { isDequantize, readQuantization } from '../../analysis/index.ts';
import { type GraphView, type Node, tensor, valuesOf } from '../../ir/index.ts';
import { constantOf, normalDomain } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { roundHalfEven } from '../../support/rounding.ts';
import { graphPass, type Surgery } from './graph-pass.ts';
import { gridOf, quantizedBehind } from './grids.ts';
import { storedFloats } from './unquantize-small-convolution.ts';

/**
 * Conv(DQ(x), DQ(w), b)  ⇒  Conv(DQ(x), DQ(w), DQ(codes))    with int32 codes in units of s_x · s_w
 *
 * The engine adds the bias to its int32 sums. It takes the codes as they are, without a look at their scale, so that a
 * bias stored in other units is written anew as well.
 */
export const quantizeBias: Pass = graphPass({
  name: 'quantize-bias',
  summary: 'Conv(DQ(x), DQ(w), b) ⇒ Conv(DQ(x), DQ(w), DQ(int32 codes))',
  reason:
    'ONNX Runtime fuses a convolution with a bias only where the bias counts in units of its integer sums.',
  condition: 'One scale for x; codes of w are constant; every code of the bias fits 32 bits.',
  sources: ['https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html'],
  effect: 'rounding',
  change(surgery) {
    for (const node of surgery.session.nodes()) quantize(surgery, node);
  },
});

function quantize(surgery: Surgery, node: Node): void {
  const { session } = surgery;
  const [x = '', weights = '', bias = ''] = node.inputs;
  if (!biased.has(node.opType) || normalDomain(node.domain) !== '' || bias === '') return;
  const units = unitsOf(session, x, weights);
  const values = (constantOf(session, bias) ?? storedFloats(session, bias))?.toTypedArray();
  if (units === undefined || !(values instanceof Float32Array) || isInUnits(session, bias, units)) return;
  if (units.length !== 1 && units.length !== values.length) return;
  const scales = Float32Array.from(values, (_, i) => units[units.length === 1 ? 0 : i]!);
  const codes = Array.from(values, (value, i) => roundHalfEven(value / scales[i]!));
  const beyond = codes.find((code) => !(Math.abs(code) < 2 ** 31));
  if (beyond !== undefined) {
    surgery.report(
      node.outputs[0]!,
      `its bias would be ${beyond} times the product of its scales, beyond 32 bits`,
    );
    return;
  }
  const length = [values.length];
  const dequantize = surgery.node(
    'DequantizeLinear',
    [
      surgery.constant(`${bias}_quantized`, tensor('int32', length, codes)),
      surgery.constant(`${bias}_scale`, tensor('float32', length, scales)),
      surgery.constant(`${bias}_zero_point`, tensor('int32', length, new Int32Array(values.length))),
    ],
    `${bias}_dequantized`,
    { axis: 0 },
  );
  session.append(dequantize);
  const after = surgery.reroute(node, [x, weights, dequantize.outputs[0]!]);
  surgery.record({ at: node.outputs[0]!, before: [node], after: [dequantize, after] });
}

const biased = new Set(['Conv', 'Gemm']);

/** s_x · s_w, for each output channel or once for all; `undefined` unless both are known and positive. */
function unitsOf(view: GraphView, x: string, weights: string): readonly number[] | undefined {
  const pair = quantizedBehind(view, x);
  const grid = pair && gridOf(view, pair.quantize);
  const maker = view.producer(weights);
  if (grid === undefined || maker === undefined || !isDequantize(maker)) return undefined;
  const { scale, dtype, granularity } = readQuantization(view, maker);
  if (scale?.dtype !== 'float32' || (dtype !== 'int8' && dtype !== 'uint8') || granularity === 'block')
    return undefined;
  const units = Array.from(valuesOf(scale) as Float32Array, (s) => Math.fround(s * grid.scale));
  return units.every((unit) => unit >= 2 ** -126 && Number.isFinite(unit)) ? units : undefined;
}

/** Whether a bias is stored in these units already. */
function isInUnits(view: GraphView, bias: string, units: readonly number[]): boolean {
  const maker = view.producer(bias);
  if (maker === undefined || !isDequantize(maker)) return false;
  const { scale, dtype } = readQuantization(view, maker);
  if (dtype !== 'int32' || scale === undefined) return false;
  return Array.from(valuesOf(scale) as Float32Array).every((s, i) => {
    const unit = units[units.length === 1 ? 0 : i];
    // Writers multiply in double or in float32; a difference of one rounding is none to the engine.
    return unit !== undefined && Math.abs(s - unit) <= 2 ** -22 * unit;
  });
}
