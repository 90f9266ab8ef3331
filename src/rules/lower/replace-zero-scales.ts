import { tensor } from '../../ir/index.ts';
import { type Constant, constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { type Steps, unlessStepsFit } from '../constant-codes.ts';

/**
 * DQ(0 … 0, 0)  ⇒  DQ(0 … 0, 1)
 *
 * A channel of weights that is zero throughout has no range, and exporters give it a scale of zero. Importers refuse
 * that. Zero times any scale is zero.
 */
export const replaceZeroScales = rule({
  name: 'replace-zero-scales',
  summary: 'scale 0 of a weight channel that is all zero ⇒ scale 1',
  reason: 'One dead channel with a scale of zero makes TensorRT refuse the network.',
  condition: 'All codes of the channel stand for zero.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/1826',
    'https://github.com/NVIDIA/TensorRT/issues/2267',
    'https://github.com/NVIDIA/TensorRT/issues/2498',
  ],
  effect: 'exact',

  match: op
    .DequantizeLinear(constant('codes'), constant('scale'), optional(constant('zero')))
    .as('dequantize'),

  unless({ codes, scale, zero, dequantize }) {
    const steps: Steps = { scale, zero, axis: dequantize.attributes.axis };
    const bad = unlessStepsFit(steps, codes.dims);
    if (bad) return bad;
    const dead = deadScales(scale);
    if (dead.length === 0) return 'every scale is positive';
    const alive = dead.find((i) => !isZero(codes, steps, i));
    return (
      alive !== undefined && `scale ${alive} is ${scale.numbers()[alive]}, and its channel is not all zero`
    );
  },

  rewrite({ codes, scale, zero, dequantize }, build) {
    const dead = new Set(deadScales(scale));
    const scales = scale.numbers().map((s, i) => (dead.has(i) ? 1 : s));
    const mended = build.constant(tensor('float32', scale.dims, scales, scale.name));
    return build.copy(dequantize, [codes, mended, zero]);
  },
});

function deadScales(scale: Constant): readonly number[] {
  return scale.numbers().flatMap((s, i) => (s === 0 ? [i] : []));
}

function isZero(codes: Constant, { scale, zero, axis = 1 }: Steps, channel: number): boolean {
  const along = axis < 0 ? axis + codes.dims.length : axis;
  const inner = codes.dims.slice(along + 1).reduce((product, length) => product * length, 1);
  const point = zero?.numbers()[channel] ?? 0;
  return codes
    .numbers()
    .every((code, i) => (scale.size > 1 && Math.floor(i / inner) % scale.size !== channel) || code === point);
}
