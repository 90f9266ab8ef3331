export {
  type Attempt,
  type Capture,
  type Captures,
  type Match,
  type Mismatch,
  matchAt,
  sameTensor,
} from './matcher.ts';
export * from './patterns.ts';
export { Constant, type Length, NodeMatch, numbersOf, type Scope, titleOf, Value } from './value.ts';
