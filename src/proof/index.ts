export type { TermArray } from './arrays.ts';
export { type Certificate, type CertificateCheck, checkCertificate } from './certificate.ts';
export { type Proof, type ProveOptions, proveEqual } from './prove.ts';
