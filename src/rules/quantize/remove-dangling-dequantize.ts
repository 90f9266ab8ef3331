import {
  any,
  type NodeMatch,
  type Objection,
  op,
  optional,
  quantizePair,
  type Value,
} from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { unlessDroppable } from '../neighbours.ts';

const sources = [
  'https://github.com/NVIDIA/TensorRT/issues/2592',
  'https://github.com/NVIDIA/TensorRT/issues/2604',
];

/**
 * What a graph output behind a quantizer becomes: `float` drops the pair, `int8` drops the DequantizeLinear alone, so
 * that the output carries the codes.
 */
export function removeDanglingDequantizeTo(options: { readonly output: 'float' | 'int8' }): Rule {
  return options.output === 'int8' ? removeDanglingDequantizeInt8 : removeDanglingDequantize;
}

/**
 * x → Q → DQ → output  ⇒  x → output
 *
 * Nobody computes with what the last pair of a network makes: the operator in front of it has to write int8 only for
 * the result to be turned back. Without the pair the output is the float value itself, one rounding closer to the float
 * model. The pair goes only where the output is its one and only reader.
 */
export const removeDanglingDequantize: Rule = rule({
  name: 'remove-dangling-dequantize',
  summary: 'x → Q → DQ → output ⇒ x → output',
  reason:
    'A quantizer in front of an output costs two conversions and a rounding, and no operator gains by it.',
  condition: 'The output is the only reader of the pair. Removes one rounding.',
  sources,
  effect: 'closer',

  match: quantizePair(any('x')),

  unless({ x, dequantize }) {
    return (
      unlessDroppable(x, dequantize) ||
      unlessOnlyOutput(dequantize) ||
      (x.producer === undefined && `no operator of this graph makes ${x}`)
    );
  },

  rewrite: ({ x }) => x,
});

/**
 * q → DQ → output  ⇒  q → output
 *
 * The output carries the codes; whoever calls the model multiplies by the scale, or does not need to (an arg max). The
 * output keeps its name and changes its type.
 */
export const removeDanglingDequantizeInt8: Rule = rule({
  name: 'remove-dangling-dequantize-int8',
  summary: 'q → DQ → output ⇒ q → output (int8)',
  reason: 'The network ends in int8: a quarter of the bytes, and no conversion behind the last operator.',
  condition:
    'The output is the only reader of the DequantizeLinear. Changes the type of an output of the model.',
  sources,
  effect: 'interface',

  match: op.DequantizeLinear(any('codes'), any('scale'), optional(any('zero'))).as('dequantize'),

  unless: ({ codes, dequantize }) =>
    unlessOnlyOutput(dequantize) ||
    (!dequantize.output.isModelOutput &&
      `${dequantize.output} is an output of a subgraph or function, whose readers expect floats`) ||
    unlessComputed(codes),

  rewrite: ({ codes }) => codes,
});

function unlessOnlyOutput({ output }: NodeMatch<'DequantizeLinear'>): Objection {
  if (!output.isGraphOutput) return `${output} is no output of the graph`;
  const [reader] = output.readers;
  return reader !== undefined && `${output} is also read by ${reader.opType}`;
}

function unlessComputed(codes: Value): Objection {
  if (codes.producer === undefined || codes.constant !== undefined)
    return `no operator of this graph makes ${codes}`;
  return codes.isGraphOutput && `${codes} is an output of the graph already`;
}
