import type { Model } from '../../src/ir/index.ts';
import { parseModel } from '../../src/serde/index.ts';

/** Operators with weights, and what their weights are when there are four channels. */
const weights: ReadonlyMap<string, string> = new Map([
  ['Conv', 'int8[4,4,1,1]'],
  ['ConvTranspose', 'int8[4,4,1,1]'],
  ['DwConv', 'int8[4,1,1,1]'],
  ['Gemm', 'int8[4,4]'],
]);

/**
 * A network of four channels in ONNX text with four words more, one to a line:
 *
 * - `b = QDQ (a, 0.5)`: QuantizeLinear and DequantizeLinear of scale 0.5, zero point 0; `b = Q (a, 0.5)`: the first alone
 * - `b = QConv (a)`, `QConvTranspose`, `QDwConv`, `QGemm`: with an int8 weight behind a DequantizeLinear
 * - `b = BN (a)`: a BatchNormalization
 * - `b = SiLU (a)`: Sigmoid and Mul
 *
 * Inputs and outputs are float[1,4,8,8] unless they say otherwise.
 */
export function quantizedGraph(
  body: string,
  { inputs = 'x', outputs = 'y', constants = [] }: GraphOptions = {},
): Model {
  const made = new Set<string>(constants);
  const lines = body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => expand(line, made));
  const ports = (text: string, type: string) =>
    text
      .split(/, (?![^[]*\])/)
      .map((port) => (port.includes(' ') ? port : `${type} ${port}`))
      .join(', ');
  return parseModel(`<ir_version: 8, opset_import: ["" : 17, "other" : 1]>
    main (${ports(inputs, 'float[1,4,8,8]')}) => (${ports(outputs, 'float[N,C,H,W]')})
    <${[...made].join(', ')}> { ${lines.join('\n')} }`);
}

export interface GraphOptions {
  readonly inputs?: string;
  readonly outputs?: string;
  readonly constants?: readonly string[];
}

function expand(line: string, made: Set<string>): string {
  const [, to = '', word = '', attributes = '', inputs = ''] =
    /^(\w+) = (\w+)\s*(<[^>]*>)? ?\((.*)\)$/.exec(line) ?? [];
  if (word === '') return line;
  if (word === 'QDQ' || word === 'Q') {
    const [from, scale] = inputs.split(', ');
    const s = `scale_${scale!.replace('.', '_')}`;
    made.add(`float ${s} = {${scale}}`).add('int8 zero = {0}');
    const codes = word === 'Q' ? to : `${to}_q`;
    const quantize = `[Q_${to}] ${codes} = QuantizeLinear (${from}, ${s}, zero)`;
    return word === 'Q'
      ? quantize
      : `${quantize}\n[DQ_${to}] ${to} = DequantizeLinear (${codes}, ${s}, zero)`;
  }
  if (word === 'BN') {
    for (const name of ['gamma', 'beta', 'mean', 'variance']) made.add(`float[4] ${name} = {1, 1, 1, 1}`);
    return `[${to}] ${to} = BatchNormalization (${inputs}, gamma, beta, mean, variance)`;
  }
  if (word === 'SiLU')
    return `[${to}_sigmoid] ${to}_gate = Sigmoid (${inputs})\n[${to}] ${to} = Mul (${inputs}, ${to}_gate)`;
  const type = word.startsWith('Q') ? weights.get(word.slice(1)) : undefined;
  if (type === undefined) return line.replace(`${to} =`, `[${to}] ${to} =`);
  const op = word.slice(1);
  const count = op === 'DwConv' ? 4 : 16;
  made
    .add(`${type} w${op} = {${Array.from({ length: count }, (_, i) => i - 8)}}`)
    .add('float sw = {0.1}')
    .add('int8 zero = {0}');
  const own = op === 'DwConv' ? '<group = 4>' : attributes;
  return `[DQ_w_${to}] w_${to} = DequantizeLinear (w${op}, sw, zero)
    [${to}] ${to} = ${op === 'DwConv' ? 'Conv' : op} ${own} (${inputs}, w_${to})`;
}
