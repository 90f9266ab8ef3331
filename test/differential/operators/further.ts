import { type DataType, type Tensor, tensor } from '../../../src/ir/index.ts';
import { exact, type Maker, type Sketch, type Tolerance, when } from '../sketch.ts';
import { int64s, product, scalar, type Values } from '../values.ts';
import { slidesOf } from './windows.ts';

/** Operators of later opsets, and rare ones. */

const family = 'further';
const ulps = (count: number): Tolerance => ({ kind: 'element', ulps: count });
/** Sums of values of about the given size. */
const sums = (count: number, largest: number): Tolerance => ({ kind: 'largest', ulps: count, largest });

function largestOf(x: Tensor): number {
  return (x.toTypedArray() as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** A convolution whose taps are moved by whole and broken distances, beyond the image too. */
function deformConv(v: Values): Sketch {
  const { kernel, size, attributes, dilations } = slidesOf(v, 2);
  const { auto_pad: _, kernel_shape: __, ...rest } = attributes as Record<string, readonly number[]>;
  const dtype = v.pick<DataType>(['float32', 'float32', 'float64']);
  const [group, groups] = [v.pick([1, 1, 2]), v.pick([1, 1, 2])];
  const [batch, channels, filters] = [v.whole(1, 2), 2 * v.whole(1, 2), 2 * v.whole(1, 2)];
  const out = size.map((length, i) => {
    const room = length + (rest['pads']?.[i] ?? 0) + (rest['pads']?.[i + 2] ?? 0);
    return Math.floor((room - dilations[i]! * (kernel[i]! - 1) - 1) / (rest['strides']?.[i] ?? 1)) + 1;
  });
  const taps = product(kernel);
  const moves = [batch, groups * 2 * taps, ...out];
  const offsets = v.chance(0.3)
    ? v.small(dtype, moves, -3, 3)
    : tensor(
        dtype,
        moves,
        Array.from({ length: product(moves) }, () => v.whole(-96, 96) / 32),
      );
  const x = v.moderate(dtype, [batch, channels, ...size]);
  const w = v.moderate(dtype, [filters, channels / group, ...kernel]);
  const mask = v.chance(0.5) ? v.moderate(dtype, [batch, groups * taps, ...out]) : undefined;
  const bias = v.chance(0.5) ? v.moderate(dtype, [filters]) : undefined;
  return {
    inputs: [x, w, offsets, bias, mask],
    attributes: { ...rest, ...when(group > 1, { group }), ...when(groups > 1, { offset_group: groups }) },
    within: sums(32, 1 + largestOf(x) * largestOf(w) * (mask === undefined ? 1 : largestOf(mask))),
  };
}

function rotaryEmbedding(v: Values): Sketch {
  const [batch, heads, length, half] = [v.whole(1, 2), v.whole(1, 3), v.whole(1, 4), v.whole(1, 4)];
  const size = 2 * half;
  const part = v.chance(0.3) && half > 1 ? 2 * v.whole(1, half - 1) : 0;
  const turned = (part || size) / 2;
  const flat = v.chance(0.4);
  const dims = flat ? [batch, length, heads * size] : [batch, heads, length, size];
  const places = v.chance(0.6);
  const cache = (): Tensor => v.moderate('float32', places ? [9, turned] : [batch, length, turned]);
  return {
    inputs: [
      v.moderate('float32', dims),
      cache(),
      cache(),
      places ? v.small('int64', [batch, length], 0, 8) : undefined,
    ],
    attributes: {
      interleaved: v.below(2),
      ...when(flat, { num_heads: heads }),
      ...when(part > 0, { rotary_embedding_dim: part }),
    },
  };
}

function tensorScatter(v: Values): Sketch {
  const [batch, length] = [v.whole(1, 3), v.whole(2, 6)];
  const dims = [batch, ...v.dims(v.whole(1, 2), { longest: 12 }), length, v.whole(1, 4)];
  const count = v.whole(1, length);
  const mode = v.pick(['linear', 'circular']);
  const dtype = v.pick<DataType>(['float32', 'int8', 'int64']);
  const last = mode === 'linear' ? length - count : length - 1;
  return {
    inputs: [
      v.any(dtype, dims),
      v.any(dtype, dims.with(-2, count)),
      v.chance(0.8) ? v.small('int64', [batch], 0, last) : undefined,
    ],
    attributes: when(mode === 'circular' || v.chance(0.5), { mode }),
  };
}

function affineGrid(v: Values): Sketch {
  const axes = v.pick([2, 2, 3]);
  const batch = v.whole(1, 2);
  const size = [batch, v.whole(1, 2), ...Array.from({ length: axes }, () => v.whole(1, 5))];
  return {
    inputs: [v.moderate('float32', [batch, axes, axes + 1]), int64s(size)],
    attributes: { align_corners: v.below(2) },
  };
}

function dft(v: Values): Sketch {
  const inverse = v.below(2);
  const onesided = inverse === 0 && v.chance(0.3) ? 1 : 0;
  const parts = onesided === 1 ? 1 : v.whole(1, 2);
  const dims = [v.whole(1, 2), ...v.dims(v.whole(1, 2), { longest: 60 }), parts];
  const axis = v.whole(1, dims.length - 2);
  const named = v.opset >= 20;
  const length = v.chance(0.4) ? scalar('int64', v.whole(1, 12)) : undefined;
  return {
    inputs: [
      v.moderate('float32', dims),
      length,
      ...(named ? [scalar('int64', v.chance(0.5) ? axis : axis - dims.length)] : []),
    ],
    attributes: { inverse, onesided, ...when(!named, { axis }) },
    within: sums(256, 4 * Math.sqrt(dims[axis]!)),
  };
}

function reduceLogSum(v: Values): Sketch {
  const dims = v.dims(v.whole(1, 3));
  const x = v.moderate('float32', dims);
  const positive = tensor(
    'float32',
    dims,
    (x.toTypedArray() as Float32Array).map((value) => 0.1 + Math.abs(value)),
  );
  const axes = v.order(dims.length).slice(0, v.whole(1, dims.length));
  const keepdims = v.below(2);
  return v.opset >= 18
    ? { inputs: [positive, int64s(axes)], attributes: { keepdims } }
    : { inputs: [positive], attributes: { keepdims, axes } };
}

export const further: readonly Maker[] = [
  { opType: 'DeformConv', family, since: 19, within: exact, weight: 3, make: deformConv },
  {
    opType: 'RotaryEmbedding',
    family,
    since: 23,
    within: sums(8, 8),
    weight: 2,
    make: rotaryEmbedding,
  },
  { opType: 'TensorScatter', family, since: 24, within: exact, make: tensorScatter },
  { opType: 'AffineGrid', family, since: 20, within: sums(8, 8), make: affineGrid },
  { opType: 'DFT', family, since: 17, within: exact, weight: 2, make: dft },
  { opType: 'ReduceLogSum', family, since: 7, within: sums(16, 4), make: reduceLogSum },
  {
    opType: 'RMSNormalization',
    family,
    since: 23,
    within: ulps(64),
    make(v): Sketch {
      const dims = v.dims(v.whole(1, 4));
      const axis = v.axis(dims.length);
      return {
        inputs: [v.moderate('float32', dims), v.moderate('float32', dims.slice(axis))],
        attributes: { axis, ...when(v.chance(0.3), { epsilon: 0.001 }) },
      };
    },
  },
  {
    opType: 'Swish',
    family,
    // ONNX Runtime 1.30 has it of this version alone.
    since: 24,
    until: 24,
    within: sums(8, 4),
    make: (v) => ({
      inputs: [v.moderate('float32', v.dims(v.whole(0, 3)), 3)],
      attributes: when(v.chance(0.6), { alpha: v.pick([0.5, 1.702, -1]) }),
      floats: ['alpha'],
    }),
  },
  {
    opType: 'Shrink',
    family,
    since: 9,
    within: exact,
    x: (v) => v.any(v.pick<DataType>(['float32', 'float64']), v.dims(v.whole(0, 3))),
    make: (v, x) => ({
      inputs: [x],
      attributes: { bias: v.pick([0, 0.5, 1.5]), lambd: v.pick([0.5, 1, 100]) },
      floats: ['bias', 'lambd'],
    }),
  },
  {
    opType: 'CumProd',
    family,
    since: 26,
    within: ulps(64),
    make(v): Sketch {
      const dims = v.dims(v.whole(1, 3));
      const x = v.chance(0.5) ? v.moderate('float32', dims) : v.small('int32', dims, -3, 3);
      return {
        inputs: [x, scalar('int64', v.axis(dims.length))],
        attributes: { exclusive: v.below(2), reverse: v.below(2) },
      };
    },
  },
  {
    opType: 'Det',
    family,
    since: 11,
    within: sums(256, 64),
    make(v): Sketch {
      const size = v.whole(1, 4);
      return { inputs: [v.moderate('float32', [...v.dims(v.whole(0, 2), { longest: 6 }), size, size])] };
    },
  },
  {
    opType: 'CenterCropPad',
    family,
    since: 18,
    within: exact,
    x: (v) => v.any(v.pick<DataType>(['float32', 'int8', 'int64']), v.dims(v.whole(1, 3))),
    make(v, x): Sketch {
      const axes = v.chance(0.5) ? v.order(x.dims.length).slice(0, v.whole(1, x.dims.length)) : undefined;
      const lengths = (axes ?? x.dims).map(() => v.whole(1, 9));
      return { inputs: [x, int64s(lengths)], attributes: when(axes !== undefined, { axes: axes! }) };
    },
  },
  {
    opType: 'GroupNormalization',
    family,
    since: 21,
    within: sums(256, 4),
    make(v): Sketch {
      const groups = v.whole(1, 3);
      const channels = groups * v.whole(1, 3);
      const dims = [v.whole(1, 2), channels, ...v.dims(v.whole(1, 2), { longest: 40 }).map((d) => d + 2)];
      return {
        inputs: [
          v.moderate('float32', dims),
          v.moderate('float32', [channels]),
          v.moderate('float32', [channels]),
        ],
        attributes: { num_groups: groups },
      };
    },
  },
  {
    opType: 'CastLike',
    family,
    since: 15,
    within: exact,
    x: (v) => v.small(v.pick<DataType>(['float32', 'int32', 'int8', 'bool']), v.dims(v.whole(0, 3)), 0, 1),
    make: (v, x) => ({
      inputs: [x, v.any(v.pick<DataType>(['float32', 'int64', 'uint8', 'bool', 'float64']), [1])],
    }),
  },
  {
    opType: 'BitCast',
    family,
    since: 26,
    within: exact,
    x: (v) => v.any('int32', v.dims(v.whole(0, 3))),
    make: (v, x) => ({ inputs: [x], attributes: { to: v.pick([6, 12]) } }),
  },
  {
    opType: 'Upsample',
    family,
    since: 7,
    until: 9,
    within: sums(16, 8),
    make(v): Sketch {
      const dims = [v.whole(1, 2), v.whole(1, 2), v.whole(1, 5), v.whole(1, 5)];
      const mode = v.pick(['nearest', 'linear']);
      const scales = [1, 1, v.pick([1, 1.5, 2, 3]), v.pick([1, 2, 2.5])];
      const x = v.moderate('float32', dims);
      return v.opset >= 9
        ? { inputs: [x, tensor('float32', [4], scales)], attributes: { mode } }
        : { inputs: [x], attributes: { mode, scales }, floats: ['scales'] };
    },
  },
  {
    opType: 'MeanVarianceNormalization',
    family,
    since: 9,
    within: sums(256, 4),
    make: (v) => ({
      inputs: [
        v.moderate(
          'float32',
          [v.whole(1, 2), v.whole(1, 3), ...v.dims(2, { longest: 40 })].map((d) => d + 1),
        ),
      ],
    }),
  },
  {
    opType: 'GlobalLpPool',
    family,
    since: 7,
    within: sums(64, 8),
    make: (v) => ({
      inputs: [v.moderate('float32', [v.whole(1, 2), v.whole(1, 3), ...v.dims(v.whole(1, 3))])],
      attributes: { p: v.whole(1, 3) },
    }),
  },
  {
    opType: 'Dropout',
    family,
    since: 7,
    within: exact,
    make: (v) => ({
      inputs: [v.any('float32', v.dims(v.whole(0, 3)))],
      outputs: v.opset >= 10 ? 2 : 1,
    }),
  },
  {
    opType: 'Scatter',
    family,
    since: 9,
    until: 10,
    within: exact,
    make(v): Sketch {
      const dims = v.dims(v.whole(1, 3), { longest: 60 });
      const axis = v.below(dims.length);
      const count = v.whole(1, dims[axis]!);
      // Each element is written once.
      const order = v.order(dims[axis]!).slice(0, count);
      const places = dims.with(axis, count);
      const inner = product(dims.slice(axis + 1));
      const indices = Array.from(
        { length: product(places) },
        (_, i) => order[Math.floor(i / inner) % count]!,
      );
      return {
        inputs: [
          v.any('float32', dims),
          tensor('int64', places, indices.map(BigInt)),
          v.any('float32', places),
        ],
        attributes: { axis },
      };
    },
  },
];
