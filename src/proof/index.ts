export {
  type AccumulatorRange,
  type AccumulatorReport,
  accumulatorRanges,
  type PairSaturation,
} from './accumulators.ts';
export type { TermArray } from './arrays.ts';
export { type Certificate, type CertificateCheck, checkCertificate } from './certificate.ts';
export type { Untold } from './integer-products.ts';
export { type Proof, type ProveOptions, proveEqual } from './prove.ts';
export {
  type RequantizationCertificate,
  type RequantizationReport,
  type RoundingWitness,
  requantizationDifferences,
} from './requantization.ts';
