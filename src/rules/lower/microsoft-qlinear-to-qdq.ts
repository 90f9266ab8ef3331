import { tensor } from '../../ir/index.ts';
import {
  any,
  anyOf,
  each,
  type NodeMatch,
  type Objection,
  optional,
  type Value,
} from '../../pattern/index.ts';
import { type Builder, rule } from '../../rewrite/index.ts';

const operators = [
  'QLinearAdd',
  'QLinearMul',
  'QLinearSigmoid',
  'QLinearLeakyRelu',
  'QLinearAveragePool',
  'QLinearGlobalAveragePool',
  'QLinearConcat',
  'QGemm',
] as const;

/**
 * com.microsoft.QLinearAdd(a, b)  ⇒  DQ(a), DQ(b) → Add → Q
 *
 * and the same for the other operators on codes that ONNX Runtime writes into a model it has optimized. Sums and products
 * of integers become those of floats, so a result that lies on a tie, or next to one, may get the neighbouring code.
 */
export const microsoftQlinearToQdq = rule({
  name: 'microsoft-qlinear-to-qdq',
  summary: 'com.microsoft QLinearAdd, QLinearConcat, QGemm … ⇒ DQ → Add, Concat, Gemm … → Q',
  reason: 'Nobody but ONNX Runtime reads these operators; every engine reads Q and DQ.',
  condition:
    'Channels first; one constant scale for each tensor, or one for each column of a QGemm. Codes may move by one at ties.',
  sources: ['https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md'],
  effect: 'rounding',

  match: anyOf(operators, each('operands', optional(any('operand'))))
    .from('com.microsoft')
    .as('node'),

  unless({ node }) {
    const attributes = node.attributes as { readonly channels_last?: number };
    if (attributes.channels_last === 1) return `${node} has its channels last`;
    const parts = (node.inputs.length - 2) / 3;
    if (node.opType === 'QLinearConcat' && !(parts >= 1 && Number.isInteger(parts)))
      return `${node} has ${node.inputs.length} inputs: not a scale, a zero point and three for each part`;
    const scales = scalesOf(node);
    const missing = scales.find((scale) => scale?.constant?.dtype !== 'float32');
    if (scales.includes(undefined)) return `${node} gives floats`;
    if (missing !== undefined) return `${missing} is not a float32 constant`;
    return unlessSingle(node, scales as readonly Value[]);
  },

  rewrite({ node }, build) {
    const { inputs } = node;
    const dq = (at: number) => build.DequantizeLinear(inputs[at], inputs[at + 1], inputs[at + 2]);
    const q = (value: Value, at: number) => build.QuantizeLinear(value, inputs[at], inputs[at + 1]);
    const attributes = node.attributes as Readonly<Record<string, never>>;
    const { channels_last: _, ...pool } = attributes;
    switch (node.opType as (typeof operators)[number]) {
      case 'QLinearAdd':
        return q(build.Add(dq(0), dq(3)), 6);
      case 'QLinearMul':
        return q(build.Mul(dq(0), dq(3)), 6);
      case 'QLinearSigmoid':
        return q(build.Sigmoid(dq(0)), 3);
      case 'QLinearLeakyRelu':
        return q(build.LeakyRelu(dq(0), attributes), 3);
      case 'QLinearAveragePool':
        return q(build.AveragePool(dq(0), pool), 3);
      case 'QLinearGlobalAveragePool':
        return q(build.GlobalAveragePool(dq(0)), 3);
      case 'QLinearConcat': {
        const parts = Array.from({ length: (inputs.length - 2) / 3 }, (_, i) => dq(2 + 3 * i));
        return q(build.Concat(...parts, attributes), 0);
      }
      case 'QGemm':
        return q(gemm(build, node), 7);
    }
  },
});

/** Where an operator's scales are among its inputs. */
function scalesOf({ opType, inputs }: NodeMatch): readonly (Value | undefined)[] {
  if (opType === 'QLinearConcat') return inputs.filter((_, i) => i === 0 || i % 3 === 0);
  const at = { QLinearAdd: [1, 4, 6], QLinearMul: [1, 4, 6], QGemm: [1, 4, 7] }[opType] ?? [1, 3];
  return at.map((i) => inputs[i]);
}

function unlessSingle(node: NodeMatch, scales: readonly Value[]): Objection {
  const several = scales.find(
    (scale) => scale.constant!.size > 1 && !(node.opType === 'QGemm' && scale.name === node.inputs[4]!.name),
  );
  return several !== undefined && `${several} has several scales`;
}

function gemm(build: Builder, { inputs, attributes }: NodeMatch): Value {
  const [a, as, az, b, bs, bz, c] = inputs;
  const {
    alpha = 1,
    transA = 0,
    transB = 0,
  } = attributes as { readonly alpha?: number; readonly transA?: number; readonly transB?: number };
  const scales = bs!.constant!.toTypedArray() as Float32Array;
  const isSingle = scales.length === 1;
  const left = build.DequantizeLinear(a, as, az);
  const right = build.DequantizeLinear(b, bs, bz, isSingle ? {} : { axis: transB === 1 ? 0 : 1 });
  const [step] = as!.constant!.toTypedArray() as Float32Array;
  // C is added to the integer sums, in the scale of the products.
  const products = Float32Array.from(scales, (s) => alpha * step! * s);
  const scale =
    c && build.constant(tensor('float32', isSingle ? [] : [products.length], products, `${c}_scale`));
  const addend = c && build.DequantizeLinear(c, scale, isSingle ? {} : { axis: (c.rank ?? 1) - 1 });
  return build.Gemm(left, right, addend, { alpha, transA, transB });
}
