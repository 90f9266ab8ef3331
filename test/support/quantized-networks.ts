import fc from 'fast-check';
import type { Model } from '../../src/ir/index.ts';
import { parseModel } from '../../src/serde/index.ts';

/** A graph of Q and DQ, written as `t' = QDQ(t, scale[, zero])`; float scales s_<scale> and zero points are made up. */
export function network(body: string, inputs: string, outputs: string, extra = ''): Model {
  const constants = new Set<string>();
  const text = body.replace(
    /(\w+) = (QDQ|QDQU) \((\w+), ([\d.]+)(?:, (-?\d+))?\)/g,
    (_, to, kind, from, scale, zero = '0') => {
      const type = kind === 'QDQ' ? 'int8' : 'uint8';
      const [s, z] = [`s${to}`, `z${to}`];
      constants.add(`float ${s} = {${scale}}`).add(`${type} ${z} = {${zero}}`);
      return `${to}_q = QuantizeLinear (${from}, ${s}, ${z})\n${to} = DequantizeLinear (${to}_q, ${s}, ${z})`;
    },
  );
  return parseModel(`<ir_version: 8, opset_import: ["" : 17]> main (${inputs}) => (${outputs})
    <${[...constants, ...(extra === '' ? [] : [extra])].join(', ')}> { ${text} }`);
}

/** Networks of quantizers, copies, Concats, MaxPools and computing operators over [1,1,2,2] and larger values. */
export const networks: fc.Arbitrary<Model> = fc
  .array(fc.record({ op: fc.nat(6), a: fc.nat(), b: fc.nat(), scale: fc.integer({ min: 1, max: 24 }) }), {
    minLength: 3,
    maxLength: 16,
  })
  .map((steps) => {
    const values = ['x', 'w'];
    const lines = steps.map(({ op, a, b, scale }, i) => {
      const [left, right] = [values[a % values.length]!, values[b % values.length]!];
      values.push(`v${i}`);
      if (op <= 2) return `v${i} = QDQ (${left}, ${scale / 8})`;
      if (op === 3) return `v${i} = Concat <axis = 1> (${left}, ${right})`;
      if (op === 4) return `v${i} = MaxPool <kernel_shape = [1, 1]> (${left})`;
      if (op === 5) return `v${i} = Transpose <perm = [0, 1, 3, 2]> (${left})`;
      return `v${i} = Relu (${left})`;
    });
    const outputs = values.slice(2).map((value) => `o${value} = Abs (${value})`);
    return network(
      [...lines, ...outputs].join('\n'),
      'float[1,1,2,2] x, float[1,1,2,2] w',
      values
        .slice(2)
        .map((value) => `float[N,C,H,W] o${value}`)
        .join(', '),
    );
  });
