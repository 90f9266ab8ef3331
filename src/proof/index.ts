export {
  type AccumulatorRange,
  type AccumulatorReport,
  accumulatorRanges,
  type PairSaturation,
} from './accumulators.ts';
export type { TermArray } from './arrays.ts';
export { type Certificate, type CertificateCheck, checkCertificate } from './certificate.ts';
export { type Proof, type ProveOptions, proveEqual } from './prove.ts';
