import type { Model } from '../../src/ir/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { quantizedModel } from './groups.ts';

const width = 8;
const weightKinds = [
  'codes',
  'by column',
  'quantized',
  'transposed',
  'transposed by column',
  'float',
] as const;

/**
 * An attention block with its projections and a feed-forward network behind it, as one of many exporters would quantize it: pairs on
 * all values, on some or on few; weights stored as codes, quantized in the graph, transposed or float; biases before or after.
 */
export function attentionBlock(seed: number): Model {
  const random = createRandom(seed);
  const chance = (share: number) => random.uniform() < share;
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const lines: string[] = [];
  const constants: string[] = [];
  const type = pick(['uint8', 'int8']);
  const density = pick([1, 0.8, 0.5, 0.2]);
  const weights = pick(weightKinds);
  const opset = pick([17, 19]);
  const batch = chance(0.2) ? 'B' : '2';
  const list = (count: number, of: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => of(i)).join();
  const put = (call: string) => {
    lines.push(`v${lines.length} = ${call}`);
    return `v${lines.length - 1}`;
  };
  const store = (declaration: string, values: string) => {
    constants.push(`${declaration} k${constants.length} = {${values}}`);
    return `k${constants.length - 1}`;
  };
  const lowest = type === 'uint8' ? 0 : -128;
  const pair = (value: string, zero = lowest + 100 + random.below(40)) =>
    put(`QDQ:${type} (${value}, ${0.01 + random.below(40) / 100}, ${zero})`);
  const maybe = (value: string, zero?: number) => (chance(density) ? pair(value, zero) : value);
  const weight = () => {
    const [element, dims] = [
      weights === 'codes' || weights === 'by column' ? 'int8' : 'float',
      `${width},${width}`,
    ];
    const stored = store(
      `${element}[${dims}]`,
      list(width * width, () => random.below(100) - 50),
    );
    if (weights === 'float') return stored;
    const isByColumn = weights.endsWith('by column');
    const isTurned = weights.startsWith('transposed');
    const scale = isByColumn
      ? store(
          `float[${width}]`,
          list(width, (i) => 0.01 + i / 256),
        )
      : store('float', '0.5');
    const zero = isByColumn
      ? store(
          `int8[${width}]`,
          list(width, () => 0),
        )
      : store('int8', '0');
    const axis = isByColumn ? `<axis = ${isTurned ? 0 : 1}> ` : '';
    const codes = element === 'int8' ? stored : put(`QuantizeLinear ${axis}(${stored}, ${scale}, ${zero})`);
    const real = put(`DequantizeLinear ${axis}(${codes}, ${scale}, ${zero})`);
    return isTurned ? put(`Transpose <perm = [1, 0]> (${real})`) : real;
  };
  const linear = (value: string) => {
    const product = put(`MatMul (${value}, ${weight()})`);
    if (chance(0.2)) return product;
    const stored = store(
      `float[${width}]`,
      list(width, (i) => i - 2.5),
    );
    const [a, b] = [chance(0.2) ? maybe(product) : product, chance(0.3) ? pair(stored) : stored];
    return put(chance(0.5) ? `Add (${a}, ${b})` : `Add (${b}, ${a})`);
  };
  const norm = (value: string) => {
    const [gain, shift] = [
      store(
        `float[${width}]`,
        list(width, () => 1),
      ),
      store(
        `float[${width}]`,
        list(width, () => 0.5),
      ),
    ];
    return put(`LayerNormalization <axis = -1> (${value}, ${gain}, ${shift})`);
  };
  const start = chance(0.5) ? norm('x') : put('Abs (x)');
  const source = maybe(start);
  const heads = (perm: string) => {
    const split = put(`Reshape (${maybe(linear(source))}, ${store('int64[4]', `0,5,2,${width / 2}`)})`);
    return maybe(put(`Transpose <perm = [${perm}]> (${maybe(split)})`));
  };
  const [q, k, v] = [heads('0, 2, 1, 3'), heads('0, 2, 3, 1'), heads('0, 2, 1, 3')];
  const scaled = put(`Div (${maybe(put(`MatMul (${q}, ${k})`))}, ${store('float', '2.0')})`);
  const weighted = maybe(put(`Softmax <axis = -1> (${maybe(scaled)})`), lowest);
  const mixed = maybe(put(`Transpose <perm = [0, 2, 1, 3]> (${maybe(put(`MatMul (${weighted}, ${v})`))})`));
  const joined = maybe(put(`Reshape (${mixed}, ${store('int64[3]', `0,5,${width}`)})`));
  const attended = maybe(put(`Add (${maybe(linear(joined))}, ${chance(0.5) ? start : source})`));
  const inner = maybe(linear(maybe(norm(attended))));
  const active = chance(0.5)
    ? put(`Relu (${inner})`)
    : put(`Mul (${inner}, ${maybe(put(`Sigmoid (${inner})`))})`);
  lines.push(`y = Add (${maybe(linear(maybe(active)))}, ${attended})`);
  const shape = `float[${batch},5,${width}]`;
  return quantizedModel(lines.join('\n'), {
    opset,
    inputs: `${shape} x`,
    outputs: `${shape} y`,
    constants: constants.join(', '),
  });
}
