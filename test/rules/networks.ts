import { type Rule, whyNot } from '../../src/rewrite/index.ts';
import { model } from '../../src/serde/index.ts';
import { pair } from './laws.ts';

/** Networks in ONNX text for rules that look at what stands around a quantized convolution. */
export type Network = (body: string, outputs?: string, constants?: string) => string;

/** A pair on x that makes `d`, a convolution of it that makes `h`, and what a test adds. */
export const convolution: Network = (body, outputs = y, constants = pairConstants) => `
  main (float[1,2,3,3] x) => (${outputs})
  <${constants}, float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5}, float[2] k = {2, 0.5}, float[1,2,1,1] c = {1, -1}, float[2] v = {1, 4}> {
    ${pair('x', 'd')}
    h = Conv (d, w)
    ${body}
  }`;

/** The same behind a Relu that makes `r`: what the pair reads, others may read. */
export const convolutionBehindRelu: Network = (body, outputs = y, constants = pairConstants) => `
  main (float[1,2,3,3] x) => (${outputs})
  <${constants}, float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5}, float[1,2,1,1] c = {1, -1}> {
    r = Relu (x)
    ${pair('r', 'd')}
    h = Conv (d, w)
    ${body}
  }`;

const y = 'float[1,2,3,3] y';
const pairConstants = 'float s = {0.1}, int8 z = {0}';

/** Tells why a rule leaves what makes `e`, or another value. */
export function objectionOf(rule: Rule): (text: string, at?: string) => string | undefined {
  return (text, at = 'e') => whyNot(rule, model`${text}`, at);
}
