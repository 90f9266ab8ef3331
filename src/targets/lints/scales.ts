import { sameQuantization, scaleValues } from '../../analysis/index.ts';
import { findDataType, type Node, storageOf, type Tensor } from '../../ir/index.ts';
import { isNumeric } from '../../ops/index.ts';
import { formatNumber } from '../../support/text-table.ts';
import { everyTarget, type Hit, type Lint } from './lint.ts';
import { placeOf, type Quantizer, type Subject } from './subject.ts';

const everywhere = { targets: everyTarget } as const;

/** Scales, zero points and pairs that are wrong or wasteful whatever the engine. */
export const scaleLints: readonly Lint[] = [
  {
    ...scaleLint('S1', 'a scale of zero', 'divides by zero: every code is the end of the range', (scale) =>
      scale === 0 ? 'is 0' : undefined,
    ),
    targets: ['onnxruntime'],
  },
  {
    ...scaleLint('S2', 'a negative scale', 'codes count downwards; most engines refuse it', (scale) =>
      scale < 0 ? `is ${formatNumber(scale)}` : undefined,
    ),
    targets: ['onnxruntime'],
  },
  scaleLint('S3', 'a scale that is no finite number', 'every result is NaN or 0', (scale) =>
    Number.isFinite(scale) ? undefined : `is ${scale}`,
  ),
  scaleLint('S4', 'a denormal scale', 'engines that flush denormals divide by zero', (scale, least) =>
    scale > 0 && scale < least ? `is ${formatNumber(scale)}, a denormal number` : undefined,
  ),
  {
    ...everywhere,
    id: 'S5',
    title: 'zero points of another shape than the scales',
    severity: 'error',
    cost: 'refused',
    rule: null,
    *find({ quantizers }) {
      for (const { scale, zeroPoint, at } of quantizers)
        if (scale && zeroPoint && scale.size === zeroPoint.size && !sameShape(scale, zeroPoint))
          yield { at, message: `the scale has shape [${scale.dims}], the zero point [${zeroPoint.dims}]` };
    },
  },
  {
    ...everywhere,
    id: 'S7',
    title: 'scales for an axis that is not said',
    severity: 'error',
    cost: 'ONNX takes axis 1, some engines axis 0: weights get the scales of other channels',
    rule: 'complete-quantizer',
    *find({ quantizers }) {
      for (const { node, granularity, at, scale } of quantizers)
        if (granularity === 'axis' && !node.attributes.some(({ name }) => name === 'axis'))
          yield { at, message: `it has ${scale?.size ?? 'several'} scales and no axis` };
    },
  },
  {
    ...everywhere,
    id: 'S8',
    title: 'a value quantized twice in a row',
    severity: 'cost',
    cost: 'rounds twice, and costs a kernel where the scales differ',
    rule: 'requantize-report',
    *find(subject) {
      for (const { at, before, quantizer } of pairsInARow(subject)) {
        const same = sameQuantization(before, quantizer);
        yield same
          ? { at, message: 'the value has just come from the same quantizer', rule: 'collapse-repeated-qdq' }
          : {
              at,
              message: `it has just come from a quantizer of ${scaleInWords(before)}; this one has ${scaleInWords(quantizer)}`,
            };
      }
    },
  },
  {
    ...everywhere,
    id: 'S10',
    title: 'equal quantizers of one value',
    severity: 'cost',
    cost: 'work done twice, unless the engine merges them',
    rule: 'share-equal-quantizers',
    *find({ quantizers, view }) {
      const known = new Map<string, Quantizer[]>();
      for (const quantizer of quantizers) {
        if (quantizer.constant) continue;
        const key = `${quantizer.isQuantize} ${quantizer.node.inputs[0]}`;
        const others = known.get(key) ?? [];
        const same = others.find((other) => sameQuantization(other, quantizer));
        if (same !== undefined)
          yield {
            at: quantizer.at,
            message: `${same.at} does the same to ${valueInWords(view, quantizer.node)}`,
          };
        else known.set(key, [...others, quantizer]);
      }
    },
  },
  {
    ...everywhere,
    id: 'S12',
    title: 'Q and DQ of one pair that do not fit each other',
    severity: 'error',
    cost: 'multiplies the value by the quotient of the scales, and does not fuse as a pair',
    rule: 'mismatched-pair',
    *find({ quantizers, view }) {
      const makers = new Map(quantizers.filter(({ isQuantize }) => isQuantize).map((one) => [one.node, one]));
      for (const quantizer of quantizers) {
        if (quantizer.isQuantize) continue;
        const maker = makers.get(view.producer(quantizer.node.inputs[0] ?? '')!);
        if (maker !== undefined && !sameQuantization(maker, quantizer))
          yield {
            at: quantizer.at,
            message: `${maker.at} has ${scaleInWords(maker)}, it has ${scaleInWords(quantizer)}`,
          };
      }
    },
  },
];

/** A lint of single scales; `least` is the smallest number of their type that is not denormal. */
function scaleLint(
  id: string,
  title: string,
  cost: string,
  judge: (scale: number, least: number) => string | undefined,
): Lint {
  return {
    ...everywhere,
    id,
    title,
    severity: 'error',
    cost,
    rule: 'replace-zero-scales',
    *find({ quantizers }) {
      for (const quantizer of quantizers) {
        // Weights of four bits have negative scales on purpose: the largest weight, of either sign, is code -8.
        if (id === 'S2' && quantizer.dtype?.endsWith('int4')) continue;
        yield* scaleHits(quantizer, judge);
      }
    },
  };
}

/** Scales that are wrong by themselves, told once for each quantizer. */
export function* scaleHits(
  { scale, at }: Quantizer,
  judge: (scale: number, least: number) => string | undefined,
): Iterable<Hit> {
  if (scale === undefined || !isNumeric(scale.dtype) || storageOf(scale).kind === 'missing') return;
  const values = scaleValues({ scale }) ?? [];
  const least = scale.dtype === 'float16' ? 2 ** -14 : 2 ** -126;
  const bad = values.flatMap((value, i) => (judge(value, least) === undefined ? [] : [i]));
  if (bad.length === 0) return;
  const which = values.length === 1 ? 'the scale' : `scale ${bad[0]}`;
  const more = bad.length > 1 ? `, and ${bad.length - 1} more` : '';
  // A channel of zeros may have any scale: 1 does no harm. Other scales have to be calibrated again.
  const rule = values.length > 1 && values[bad[0]!] === 0 ? {} : { rule: null };
  yield { at, message: `${which} ${judge(values[bad[0]!]!, least)}${more}`, ...rule };
}

/** Q that reads what a DQ of an activation makes. */
function* pairsInARow({
  quantizers,
  view,
}: Subject): Iterable<{ at: string; before: Quantizer; quantizer: Quantizer }> {
  const dequantizers = new Map(
    quantizers.filter(({ isQuantize }) => !isQuantize).map((one) => [one.node, one]),
  );
  for (const quantizer of quantizers) {
    if (!quantizer.isQuantize || quantizer.constant) continue;
    const before = dequantizers.get(view.producer(quantizer.node.inputs[0] ?? '')!);
    if (before !== undefined) yield { at: quantizer.at, before, quantizer };
  }
}

function sameShape(a: Tensor, b: Tensor): boolean {
  const isSingle = ({ dims }: Tensor) => dims.length < 2 && dims.every((length) => length === 1);
  return a.dims.join() === b.dims.join() || (isSingle(a) && isSingle(b));
}

function scaleInWords({ scale, dtype }: Quantizer): string {
  const type = dtype !== undefined && findDataType(dtype) !== undefined ? `${dtype} ` : '';
  if (scale === undefined) return `${type}a computed scale`;
  return scale.size === 1
    ? `${type}scale ${formatNumber(scaleValues({ scale })![0], 6)}`
    : `${type}${scale.size} scales`;
}

function valueInWords(view: Subject['view'], node: Node): string {
  const [x = ''] = node.inputs;
  const producer = view.producer(x);
  return producer === undefined ? `the input ${x}` : `what ${producer.opType} ${placeOf(producer)} makes`;
}
