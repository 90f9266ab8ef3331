import type { NodeMatch, Objection, Value } from '../pattern/index.ts';
import { branchLengths } from './branches.ts';
import { convolutionOf, isQuantized, onlyReader } from './neighbours.ts';

/** The operand that no convolution takes in; of two convolutions the shorter branch. */
export function residualOf(a: Value, b: Value): Value {
  const [isConvA, isConvB] = [convolutionOf(a) !== undefined, convolutionOf(b) !== undefined];
  if (isConvA !== isConvB) return isConvA ? b : a;
  const [left, right] = branchLengths(a, b);
  return left < right ? a : b;
}

/** Objects unless a sum has a quantized convolution for one operand and a float tensor of its shape for the other. */
export function unlessFloatResidual(add: NodeMatch<'Add'>, a: Value, b: Value): Objection {
  if (a.constant !== undefined || b.constant !== undefined) return `${add} adds a constant`;
  if (a.name === b.name) return `${add} adds ${a} to itself`;
  const x = residualOf(a, b);
  const main = x.name === a.name ? b : a;
  const conv = convolutionOf(main);
  if (conv === undefined) return `${add} adds up no convolution`;
  if (isQuantized(x)) return `${x} is quantized already`;
  if (!isQuantized(conv.inputs[0]!)) return `${conv} is not quantized, and would not be by this`;
  const shared = sharedBetween(conv, main);
  if (shared !== undefined) return `${shared} has other readers, too: ${conv} cannot take in the sum`;
  if (x.dtype !== undefined && x.dtype !== 'float32') return `${x} is ${x.dtype}`;
  const shapes = [a, b].map(({ dims }) => dims?.slice(1).join());
  return shapes[0] !== shapes[1] && `${a} and ${b} are not known to be of one shape`;
}

/** The first value from a convolution to what it makes, batch norm and bias included, that several nodes read. */
function sharedBetween(conv: NodeMatch, end: Value): Value | undefined {
  let value = conv.output;
  for (let next = onlyReader(value); next !== undefined; next = onlyReader(value)) {
    if (value.name === end.name) return undefined;
    value = next.reader.output;
  }
  return value;
}
