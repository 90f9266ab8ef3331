/** Operators that rules move quantizers past, as engines do. */
export { quantizersPass } from '../ops/index.ts';
export { type Capture, type Captures, sameTensor } from './captures.ts';
export { type Attempt, isCommutative, type Match, type Mismatch, matchAt } from './matcher.ts';
export * from './patterns.ts';
export { Constant, type Length, NodeMatch, numbersOf, type Scope, Value } from './value.ts';
