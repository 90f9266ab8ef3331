import type { Tensor } from '../../../src/ir/index.ts';
import { type Attributes, type Maker, type Sketch, type Tolerance, when } from '../sketch.ts';
import type { Values } from '../values.ts';
import { floatConvolution } from './windows.ts';

/** ONNX Runtime's own operators on floats, which its optimizer fuses standard ones into. */

const common = { domain: 'com.microsoft', family: 'contrib', since: 11 } as const;
const sum = (ulps: number): Tolerance => ({ kind: 'largest', ulps });
const curve: Tolerance = { kind: 'largest', ulps: 16, largest: 8 };

const floatRows = (v: Values): Tensor => v.moderate('float32', v.dims(v.whole(1, 3)));
const isFloatRows = ({ dtype, dims, size }: Tensor): boolean =>
  dtype === 'float32' && dims.length > 0 && size > 0;

/** An activation that keeps to the size of what it is given, with its numbers. */
const activations: readonly (readonly [string, readonly number[]])[] = [
  ['Relu', []],
  ['LeakyRelu', [0.1]],
  ['Clip', [-0.5, 6]],
];

function activation(v: Values): Attributes {
  const [name, numbers] = v.pick(activations);
  return { activation: name, ...when(numbers.length > 0, { activation_params: numbers }) };
}

export const fused: readonly Maker[] = [
  {
    ...common,
    opType: 'FusedConv',
    within: sum(16),
    weight: 2,
    make(v): Sketch {
      const { inputs, attributes } = floatConvolution(v);
      return {
        inputs,
        attributes: { ...attributes, ...activation(v) },
        floats: ['activation_params'],
      };
    },
  },
  {
    ...common,
    opType: 'FusedGemm',
    within: sum(16),
    make(v): Sketch {
      const [m, k, n] = [v.whole(1, 6), v.pick([1, 3, 8, 17]), v.pick([1, 3, 8])];
      const [transA, transB] = [v.below(2), v.below(2)];
      return {
        inputs: [
          v.moderate('float32', transA ? [k, m] : [m, k]),
          v.moderate('float32', transB ? [n, k] : [k, n]),
          v.moderate('float32', v.pick([[n], [m, n]])),
        ],
        attributes: {
          transA,
          transB,
          alpha: v.pick([1, 0.5]),
          beta: v.pick([1, 2]),
          ...v.pick<Attributes>([{ activation: 'Relu' }, { activation: 'LeakyRelu', activation_alpha: 0.1 }]),
        },
        floats: ['alpha', 'beta', 'activation_alpha'],
      };
    },
  },
  {
    ...common,
    opType: 'FusedMatMul',
    within: sum(16),
    weight: 2,
    make(v): Sketch {
      const [m, k, n] = [v.whole(1, 5), v.whole(1, 9), v.whole(1, 5)];
      const batch = v.pick([[], [2], [2, 3]]);
      const operand = (rows: number, columns: number, transposes: number, batches: number) => {
        const [first, last] = transposes ? [columns, rows] : [rows, columns];
        return v.moderate('float32', batches ? [first, ...batch, last] : [...batch, first, last]);
      };
      const [transA, transB] = [v.below(2), v.below(2)];
      const transBatch = batch.length > 0 ? v.below(2) : 0;
      return {
        inputs: [operand(m, k, transA, transBatch), operand(k, n, transB, transBatch)],
        attributes: {
          transA,
          transB,
          transBatchA: transBatch,
          transBatchB: transBatch,
          alpha: v.pick([1, 0.125, 3]),
        },
        floats: ['alpha'],
      };
    },
  },
  ...['Gelu', 'QuickGelu', 'FastGelu', 'BiasGelu'].map(
    (opType): Maker => ({
      ...common,
      opType,
      within: curve,
      x: floatRows,
      follows: isFloatRows,
      make(v, x): Sketch {
        const biased = opType === 'BiasGelu' || (opType === 'FastGelu' && v.chance(0.5));
        return {
          inputs: biased ? [x, v.moderate('float32', [x.dims.at(-1)!])] : [x],
          attributes: when(opType === 'QuickGelu' && v.chance(0.7), { alpha: v.pick([1, 0.5, 1.702]) }),
          floats: ['alpha'],
        };
      },
    }),
  ),
  {
    ...common,
    opType: 'SkipLayerNormalization',
    within: { kind: 'largest', ulps: 64, largest: 4 },
    make(v): Sketch {
      const dims = [v.whole(1, 3), v.whole(1, 4), v.whole(2, 40)];
      const row = () => v.moderate('float32', [dims[2]!]);
      return {
        inputs: [
          v.moderate('float32', dims),
          v.moderate('float32', dims),
          row(),
          v.chance(0.6) ? row() : undefined,
          v.chance(0.5) ? row() : undefined,
        ],
        attributes: { epsilon: v.pick([1e-5, 1e-3]) },
        floats: ['epsilon'],
      };
    },
  },
];
