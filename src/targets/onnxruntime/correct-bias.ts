import { isDequantize, isQuantize, readQuantization } from '../../analysis/index.ts';
import { type GraphView, type Node, type Tensor, tensor, valuesOf } from '../../ir/index.ts';
import { constantOf, intAttribute, normalDomain } from '../../ops/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { evaluateNode } from '../../runtime/index.ts';
import { Calibration } from './calibration.ts';
import { graphPass, type Surgery } from './graph-pass.ts';
import { storeCodes } from './store-quantized-weights.ts';

/**
 * Conv(x, DQ(Q(w)), b)  ⇒  Conv(x, DQ(Q(w)), b′)
 *
 * Rounding weights shifts the mean of each output channel: the errors of its weights, each times the mean of the input
 * it is multiplied by. The bias takes that back.
 *
 *     b′ = b + Σ (w − DQ(Q(w))) · mean(x)
 *
 * Means come from calibration. Only weights that are still stored as floats tell what rounding has done to them; those of
 * a corrected convolution are stored as codes, so that nobody corrects it twice.
 *
 * @see https://arxiv.org/abs/1906.04721 section 4.2
 */
export function correctBias(calibration = new Calibration()): Pass {
  return graphPass({
    name: 'correct-bias',
    summary: 'Conv(x, DQ(Q(w)), b) ⇒ Conv(x, DQ(Q(w)), b + (w − DQ(Q(w))) · mean(x))',
    reason: 'Rounded weights shift the mean of a channel; the bias can take the shift back for nothing.',
    condition:
      'Weights stored as floats in front of their Q, a constant bias or none, means from calibration.',
    sources: ['https://arxiv.org/abs/1906.04721'],
    effect: 'closer',
    change(surgery, model) {
      const { session } = surgery;
      const found = session.nodes().flatMap((conv) => errorsOf(session, conv) ?? []);
      if (found.length === 0) return;
      const means = calibration.observe(model, new Set(found.map(({ conv }) => conv.inputs[0]!)));
      const done = new Set<Node>();
      for (const { conv, quantize, errors } of found) {
        const mean = means.get(conv.inputs[0]!)?.means;
        if (mean === undefined)
          surgery.report(conv.outputs[0]!, `${calibration.unseen} The bias stays as it is.`);
        else {
          correct(surgery, conv, errors, mean, calibration.source);
          done.add(quantize);
        }
      }
      for (const quantize of done) storeCodes(surgery, quantize);
    },
  });
}

interface WeightErrors {
  readonly conv: Node;
  /** The Q of its weights. */
  readonly quantize: Node;
  /** What each weight lost by rounding, in the shape of the weights. */
  readonly errors: Tensor;
}

/** What rounding has done to a convolution's weights; `undefined` where nobody can tell, and where it has done nothing. */
function errorsOf(view: GraphView, conv: Node): WeightErrors | undefined {
  if (conv.opType !== 'Conv' || normalDomain(conv.domain) !== '') return undefined;
  const [, weights = '', bias = ''] = conv.inputs;
  if (bias !== '' && constantOf(view, bias)?.dtype !== 'float32') return undefined;
  const dequantize = view.producer(weights);
  const quantize = view.producer(dequantize?.inputs[0] ?? '');
  if (dequantize === undefined || quantize === undefined) return undefined;
  if (!isDequantize(dequantize) || !isQuantize(quantize) || !hasPositiveScales(view, quantize))
    return undefined;
  if (view.isOutput(quantize.outputs[0]!)) return undefined;
  const stored = constantOf(view, quantize.inputs[0] ?? '');
  const rounded = stored?.dtype === 'float32' ? roundTrip(view, quantize, dequantize) : undefined;
  if (stored === undefined || rounded === undefined) return undefined;
  const after = rounded.toTypedArray() as Float32Array;
  const lost = (stored.toTypedArray() as Float32Array).map((w, i) => w - after[i]!);
  // Weights that a batch norm was folded into lie on the grid but for float rounding: that is no error to correct.
  const isWorth = lost.some((error, i) => Math.abs(error) > 2 ** -18 * Math.abs(after[i]!));
  return isWorth ? { conv, quantize, errors: tensor('float32', stored.dims, lost) } : undefined;
}

/** A scale of zero is for weights that do not matter; what they lose by it is no rounding. */
function hasPositiveScales(view: GraphView, quantize: Node): boolean {
  const { scale } = readQuantization(view, quantize);
  return scale !== undefined && [...valuesOf(scale)].every((value) => Number(value) > 0);
}

function roundTrip(view: GraphView, quantize: Node, dequantize: Node): Tensor | undefined {
  const run = (node: Node, first?: Tensor) => {
    const inputs = node.inputs.map((input, i) => (i === 0 && first) || constantOf(view, input));
    if (inputs.some((input, i) => input === undefined && node.inputs[i] !== '')) return undefined;
    return evaluateNode(node, inputs, { opset: view.opset(node.domain) ?? 1 })[0];
  };
  const codes = run(quantize);
  return codes && run(dequantize, codes);
}

function correct(
  surgery: Surgery,
  conv: Node,
  errors: Tensor,
  mean: readonly number[],
  source: string,
): void {
  const [x = '', weights = '', bias = ''] = conv.inputs;
  const shifts = shiftsOf(errors, mean, intAttribute(conv, 'group', 1));
  const old = bias === '' ? undefined : valuesOf(constantOf(surgery.session, bias)!);
  const values = shifts.map((shift, i) => Number(old?.[i] ?? 0) + shift);
  const name = surgery.constant(
    bias === '' ? `${conv.outputs[0]}_bias` : bias,
    tensor('float32', [values.length], values),
  );
  const after = surgery.reroute(conv, [x, weights, name]);
  const most = shifts.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const note = `biases move by up to ${Number(most.toPrecision(3))}; means of ${source}`;
  surgery.record({ at: conv.outputs[0]!, before: [conv], after: [after], note });
}

/** Σ error · mean for each output channel. */
function shiftsOf(errors: Tensor, mean: readonly number[], groups: number): readonly number[] {
  const [filters = 0, channels = 0] = errors.dims;
  const values = valuesOf(errors) as Float32Array;
  const perFilter = values.length / (filters || 1);
  const perChannel = perFilter / (channels || 1);
  return Array.from({ length: filters }, (_, filter) => {
    const firstChannel = Math.floor(filter / (filters / groups)) * channels;
    let sum = 0;
    for (let i = 0; i < perFilter; i++)
      sum += values[filter * perFilter + i]! * mean[firstChannel + Math.floor(i / perChannel)]!;
    return sum;
  });
}
