import { type DataType, type Tensor, tensor } from '../../../src/ir/index.ts';
import { byteTypes, exact, type Maker, type Sketch, when } from '../sketch.ts';
import { product, scalar, type Values } from '../values.ts';
import { broadcastWith } from './elementwise.ts';
import { slidesOf } from './windows.ts';

/** ONNX Runtime's own operators on codes, as its optimizer puts them into models. */

const common = { domain: 'com.microsoft', family: 'contrib', since: 11, within: exact } as const;

/** A scale and a zero point. */
function parameters(v: Values, dtype: DataType, size = 1): Tensor[] {
  const zero = v.chance(0.2) ? tensor(dtype, [], [0]) : v.any(dtype, []);
  return [v.scales('float32', [], size), zero];
}

const codes = (v: Values): Tensor => v.any(v.pick(byteTypes), v.dims(v.whole(1, 4), { longest: 300 }));
const isCode = ({ dtype, dims, size }: Tensor): boolean =>
  (dtype === 'int8' || dtype === 'uint8') && dims.length > 0 && size > 0;

export const microsoft: readonly Maker[] = [
  ...['QLinearAdd', 'QLinearMul'].map(
    (opType): Maker => ({
      ...common,
      opType,
      weight: 8,
      x: codes,
      follows: isCode,
      make(v, x): Sketch {
        const other = v.any(x.dtype, broadcastWith(v, x.dims));
        const size = opType === 'QLinearMul' ? 20 : 1;
        return {
          inputs: [
            x,
            ...parameters(v, x.dtype),
            other,
            ...parameters(v, x.dtype),
            ...parameters(v, x.dtype, size),
          ],
        };
      },
    }),
  ),
  {
    ...common,
    opType: 'QLinearConcat',
    weight: 8,
    make(v): Sketch {
      const dtype = v.pick(byteTypes);
      const dims = v.dims(v.whole(1, 4), { longest: 200 });
      const axis = v.axis(dims.length);
      const along = (axis + dims.length) % dims.length;
      const parts = Array.from({ length: v.whole(1, 4) }, () => [
        v.any(dtype, dims.with(along, v.whole(1, 4))),
        ...parameters(v, dtype),
      ]);
      return { inputs: [...parameters(v, dtype), ...parts.flat()], attributes: { axis } };
    },
  },
  ...['QLinearLeakyRelu', 'QLinearSigmoid'].map(
    (opType): Maker => ({
      ...common,
      opType,
      weight: 3,
      x: codes,
      follows: isCode,
      make: (v, x) => ({
        inputs: [
          x,
          ...parameters(v, x.dtype),
          ...parameters(v, x.dtype, opType === 'QLinearSigmoid' ? 1 / 256 : 1),
        ],
        attributes: when(opType === 'QLinearLeakyRelu', { alpha: v.pick([0.01, 0.1, 0.5]) }),
      }),
    }),
  ),
  {
    ...common,
    opType: 'QLinearAveragePool',
    weight: 3,
    make(v): Sketch {
      const { kernel, size, attributes } = slidesOf(v, v.pick([1, 2, 2, 3]), { dilated: false });
      const dtype = v.pick(byteTypes);
      const x = v.any(dtype, [v.whole(1, 2), v.whole(1, 4), ...size]);
      return {
        inputs: [x, ...parameters(v, dtype), ...parameters(v, dtype)],
        attributes: { ...attributes, kernel_shape: kernel, count_include_pad: v.below(2) },
      };
    },
  },
  {
    ...common,
    opType: 'QLinearGlobalAveragePool',
    weight: 3,
    make(v): Sketch {
      const dtype = v.pick(byteTypes);
      const last = v.below(2);
      const [channels, size] = [v.whole(1, 20), v.dims(2, { longest: 100 })];
      const dims = last ? [v.whole(1, 2), ...size, channels] : [v.whole(1, 2), channels, ...size];
      return {
        inputs: [v.any(dtype, dims), ...parameters(v, dtype), ...parameters(v, dtype)],
        attributes: { channels_last: last },
      };
    },
  },
  {
    ...common,
    opType: 'QLinearWhere',
    // ONNX Runtime 1.30 ends the process where a scale or a zero point is fed.
    constants: true,
    weight: 3,
    make(v): Sketch {
      const dims = v.dims(v.whole(1, 3), { longest: 200 });
      const dtype = 'uint8';
      // ONNX Runtime 1.30 ends the process where sides of another shape broadcast.
      const side = () => v.any(dtype, dims);
      return {
        inputs: [
          v.any('bool', dims),
          side(),
          ...parameters(v, dtype),
          side(),
          ...parameters(v, dtype),
          ...parameters(v, dtype),
        ],
      };
    },
  },
  {
    ...common,
    opType: 'QLinearSoftmax',
    weight: 3,
    x: codes,
    follows: isCode,
    make(v, x): Sketch {
      const opset = v.pick([11, 13]);
      const result = v.chance(0.5)
        ? [scalar('float32', 1 / 256), tensor(x.dtype, [], [x.dtype === 'int8' ? -128 : 0])]
        : parameters(v, x.dtype, 1 / 256);
      return {
        inputs: [x, ...parameters(v, x.dtype), ...result],
        attributes: { opset, ...when(v.chance(0.8), { axis: v.axis(x.dims.length) }) },
      };
    },
  },
  {
    ...common,
    opType: 'QGemm',
    weight: 6,
    make(v): Sketch {
      const { m, k, n } = sizes(v);
      const type = v.pick(byteTypes);
      const [transA, transB] = [v.below(2), v.below(2)];
      const columns = v.chance(0.3) ? [n] : [];
      const zero = v.whole(0, 9);
      const c = v.chance(0.6)
        ? v.small('int32', v.pick<readonly number[]>([[n], [m, n], [m, 1], [1, n], [1], []]), -9999, 9999)
        : undefined;
      const y = v.chance(0.7) ? [scalar('float32', 1 + 60 * v.uniform()), v.any(type, [])] : [];
      return {
        inputs: [
          v.any(type, transA ? [k, m] : [m, k]),
          v.scales('float32', []),
          v.any(type, []),
          v.any(type, transB ? [n, k] : [k, n]),
          v.scales('float32', columns, 0.1),
          tensor(type, columns, new Array(product(columns)).fill(zero)),
          c,
          ...y,
        ],
        attributes: { transA, transB, ...when(v.chance(0.3), { alpha: v.pick([0.5, 1, 2.5]) }) },
        floats: ['alpha'],
      };
    },
  },
  {
    ...common,
    opType: 'MatMulIntegerToFloat',
    weight: 6,
    make(v): Sketch {
      const { m, k, n } = sizes(v);
      const [type, columns] = [v.pick(byteTypes), v.chance(0.4) ? [n] : []];
      const a = v.pick<readonly number[]>([
        [m, k],
        [2, m, k],
      ]);
      return {
        inputs: [
          v.any('uint8', a),
          v.any(type, [k, n]),
          v.scales('float32', []),
          v.scales('float32', columns, 0.1),
          v.chance(0.7) ? v.any('uint8', []) : undefined,
          v.chance(0.7) ? v.any(type, columns) : undefined,
          v.chance(0.4) ? v.moderate('float32', [n]) : undefined,
        ],
      };
    },
  },
  {
    ...common,
    opType: 'DynamicQuantizeMatMul',
    weight: 5,
    make(v): Sketch {
      const { m, k, n } = sizes(v);
      const [type, columns] = [v.pick(byteTypes), v.chance(0.4) ? [n] : []];
      return {
        inputs: [
          v.moderate('float32', [m, k], v.pick([0.01, 1, 300])),
          v.any(type, [k, n]),
          v.scales('float32', columns, 0.1),
          v.chance(0.7) ? v.any(type, columns) : undefined,
          v.chance(0.4) ? v.moderate('float32', [n]) : undefined,
        ],
      };
    },
  },
  {
    ...common,
    opType: 'MatMulNBits',
    // Sums in another order; where activations are quantized too (level 4), scales are rounded elsewhere.
    within: { kind: 'largest', ulps: 64 },
    constants: true,
    weight: 3,
    make(v): Sketch {
      const [m, n, bits, size] = [v.whole(1, 4), v.whole(1, 9), v.pick([4, 8]), v.pick([16, 32, 64])];
      const depth = v.whole(1, 3) * size - (v.chance(0.3) ? 4 : 0);
      const blocks = Math.ceil(depth / size);
      const packed = Math.ceil((blocks * bits) / 8);
      return {
        inputs: [
          v.moderate('float32', [m, depth]),
          v.any('uint8', [n, blocks, (size * bits) / 8]),
          v.moderate('float32', [n * blocks], 0.1),
          v.chance(0.5) ? v.any('uint8', [n * packed]) : undefined,
        ],
        attributes: { K: depth, N: n, bits, block_size: size, accuracy_level: v.pick([0, 4]) },
      };
    },
  },
];

function sizes(v: Values): { m: number; k: number; n: number } {
  return { m: v.whole(1, 6), k: v.pick([1, 2, 3, 5, 8, 16, 17, 33, 64]), n: v.pick([2, 3, 5, 8, 16, 17]) };
}
