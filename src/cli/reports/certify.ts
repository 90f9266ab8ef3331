import type {
  AccumulatorRange,
  PairSaturation,
  RequantizationCertificate,
  Untold,
} from '../../proof/index.ts';
import { plural, printTable } from '../../support/text-table.ts';

export interface CertifyFacts {
  readonly ranges: readonly AccumulatorRange[];
  readonly certificates: readonly RequantizationCertificate[];
  readonly untold: readonly Untold[];
}

/** The certificates for people. `all` lists every product, else those where something can happen. */
export function printCertify({ ranges, certificates, untold }: CertifyFacts, all: boolean): string {
  if (ranges.length === 0 && untold.length === 0) return 'The model has no integer products.';
  const rounding = new Map(certificates.map((certificate) => [certificate.at, certificate]));
  const listed = ranges.filter((range) => all || somethingHappens(range, rounding.get(range.at)));
  const rows = listed.map((range) => [
    range.at,
    String(range.depth),
    `${range.low} … ${range.high}`,
    String(range.bits),
    range.int32 === 'holds' ? 'impossible' : `POSSIBLE: ${range.int32.sum}`,
    tellPairs(range.int16Pairs),
    tellRounding(rounding.get(range.at)),
  ]);
  const heading = [
    'product',
    'depth',
    'sums',
    'bits',
    'int32 overflow',
    '16-bit pairs saturate',
    'rounding differs',
  ];
  const blocks = [
    summary(ranges, certificates),
    rows.length === 0 ? '' : printTable(heading, rows, { align: ['left', 'right', 'left', 'right'] }),
    listed.length < ranges.length
      ? `${plural(ranges.length - listed.length, 'product')} without any of these: --all lists them`
      : '',
    ...untold.map(({ at, reason }) => `not told: ${at}: ${reason}`),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

/** What `certify --json` gives. */
export function certifyJson({ ranges, certificates, untold }: CertifyFacts): unknown {
  const rounding = new Map(certificates.map((certificate) => [certificate.at, certificate]));
  const products = ranges.map((range) => {
    const differs = rounding.get(range.at)?.differs;
    return { ...range, rounding: differs && Object.fromEntries(differs) };
  });
  return { products, untold };
}

function summary(
  ranges: readonly AccumulatorRange[],
  certificates: readonly RequantizationCertificate[],
): string {
  const bits = ranges.reduce((most, range) => Math.max(most, range.bits), 0);
  const overflowing = ranges.filter(({ int32 }) => int32 !== 'holds').length;
  const saturating = ranges.filter(({ int16Pairs }) => int16Pairs.verdict === 'possible').length;
  const differing = certificates.filter(({ differs }) =>
    [...differs.values()].some((found) => found !== 'impossible'),
  ).length;
  return [
    `${plural(ranges.length, 'integer product')}; sums take up to ${bits} bits.`,
    `int32 can overflow in ${overflowing}. Adding pairs of products in 16 bits can saturate in ${saturating}.`,
    `Rounding conventions can differ in ${differing} of ${certificates.length} that are quantized at once.`,
  ].join('\n');
}

function somethingHappens(range: AccumulatorRange, rounding: RequantizationCertificate | undefined): boolean {
  const saturates = range.int16Pairs.verdict === 'possible' || range.int16Pairs.verdict === 'other-order';
  return (
    range.int32 !== 'holds' ||
    saturates ||
    [...(rounding?.differs.values() ?? [])].some((found) => found !== 'impossible')
  );
}

function tellPairs(pairs: PairSaturation): string {
  if (pairs.verdict === 'possible') {
    const [w, x] = [pairs.weights, pairs.activations];
    return `possible: ${w[0]}·${x[0]} + ${w[1]}·${x[1]} = ${pairs.sum}`;
  }
  return pairs.verdict === 'other-order' ? `in another order: ${pairs.largest}` : pairs.verdict;
}

function tellRounding(certificate: RequantizationCertificate | undefined): string {
  if (certificate === undefined) return '–';
  const differing = [...certificate.differs].filter(([, found]) => found !== 'impossible');
  if (differing.length === 0) return 'impossible';
  const [, first] = differing[0]!;
  const example = first === 'impossible' ? '' : ` (sum ${first.sum}: ${first.onnxruntime} or ${first.other})`;
  return `${differing.map(([name]) => name).join(', ')}${example}`;
}
