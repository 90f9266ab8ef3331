import { type DataType, type Tensor, tensor } from '../../../src/ir/index.ts';
import { byteTypes, exact, type Maker, type Sketch, when } from '../sketch.ts';
import type { Values } from '../values.ts';
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
];
