import type { DataType, Tensor } from '../../../src/ir/index.ts';
import { type Attributes, exact, type Maker, type Sketch, type Tolerance, when } from '../sketch.ts';
import { int64s, scalar, type Values } from '../values.ts';
import { matrices } from './quantized.ts';
import { floatConvolution, slidesOf } from './windows.ts';

const sum = (ulps: number): Tolerance => ({ kind: 'largest', ulps });

/** A reduction: axes as an attribute, or as an input from an opset on. */
function reduction(
  opType: string,
  inputFrom: number,
  within: Tolerance,
  types: (opset: number) => readonly DataType[],
): Maker {
  const inexact = within.kind !== 'exact';
  return {
    opType,
    family: 'reduction',
    since: 7,
    within,
    x: (v) => {
      const dtype = v.pick(types(v.opset));
      const dims = v.dims(v.whole(1, 4));
      return inexact
        ? /float/.test(dtype)
          ? v.moderate(dtype, dims)
          : v.small(dtype, dims, -9, 9)
        : v.any(dtype, dims, { finite: true });
    },
    make(v, x): Sketch {
      const rank = x.dims.length;
      const count = v.whole(0, rank);
      const axes = v
        .order(rank)
        .slice(0, count)
        .map((a) => (v.opset >= 11 && v.chance(0.3) ? a - rank : a));
      const named = axes.length > 0;
      const attributes: Record<string, number | readonly number[]> = { keepdims: v.below(2) };
      if (v.opset < inputFrom)
        return { inputs: [x], attributes: named ? { ...attributes, axes } : attributes };
      if (!named && v.chance(0.5)) attributes['noop_with_empty_axes'] = v.below(2);
      return { inputs: [x, ...(named ? [int64s(axes)] : [])], attributes };
    },
  };
}

const sums = (): readonly DataType[] => ['float32', 'float32', 'float64', 'int32'];
const both = () => ['float32', 'float64', 'int32', 'int64'] as const;

/** A pool over random windows; averages are inexact. */
function pool(
  opType: string,
  since: number,
  within: Tolerance,
  more: (v: Values) => Attributes,
  outputs = 1,
): Maker {
  return {
    opType,
    family: 'pool',
    since,
    within,
    weight: 3,
    make(v): Sketch {
      const axes = v.pick([1, 2, 2, 2, 3]);
      const { kernel, size, attributes } = slidesOf(v, axes, {
        dilated: opType === 'MaxPool' ? v.opset >= 10 : opType === 'AveragePool' && v.opset >= 19,
      });
      const dims = [v.whole(1, 2), v.whole(1, 3), ...size];
      const dtype: DataType =
        opType === 'MaxPool' && v.opset >= 12
          ? v.pick(['float32', 'float32', 'int8', 'uint8', 'float64'])
          : 'float32';
      const x = within.kind === 'exact' ? v.any(dtype, dims, { finite: true }) : v.moderate(dtype, dims);
      const ceil = when(
        v.opset >= (opType === 'LpPool' ? 18 : 10) && attributes['auto_pad'] === undefined && v.chance(0.4),
        {
          ceil_mode: 1,
        },
      );
      return {
        inputs: [x],
        attributes: { ...attributes, ...more(v), ...ceil, kernel_shape: kernel },
        outputs: v.chance(0.5) ? outputs : 1,
      };
    },
  };
}

export const summing: readonly Maker[] = [
  reduction('ReduceSum', 13, sum(32), sums),
  reduction('ReduceMean', 18, sum(32), () => ['float32', 'float32', 'float64']),
  reduction('ReduceL1', 18, sum(32), () => ['float32', 'int32']),
  reduction('ReduceL2', 18, sum(32), () => ['float32']),
  reduction('ReduceSumSquare', 18, sum(32), () => ['float32', 'float64', 'int32']),
  reduction('ReduceProd', 18, sum(32), () => ['float32']),
  reduction('ReduceLogSumExp', 18, { kind: 'largest', ulps: 16, largest: 4 }, () => ['float32', 'float64']),
  reduction('ReduceMax', 18, exact, (opset) => (opset >= 12 ? [...both(), 'int8', 'uint8'] : both())),
  reduction('ReduceMin', 18, exact, (opset) => (opset >= 12 ? [...both(), 'int8', 'uint8'] : both())),
  {
    opType: 'CumSum',
    family: 'reduction',
    since: 11,
    within: sum(32),
    x: (v) =>
      v.pick([
        () => v.moderate('float32', v.dims(v.whole(1, 3))),
        () => v.any('int32', v.dims(v.whole(1, 3))),
        () => v.any('int64', v.dims(v.whole(1, 3))),
      ])(),
    make: (v, x) => ({
      inputs: [x, scalar(v.pick(['int32', 'int64']), v.axis(x.dims.length))],
      attributes: { exclusive: v.below(2), reverse: v.below(2) },
    }),
  },
  {
    opType: 'Conv',
    family: 'convolution',
    since: 7,
    within: sum(16),
    weight: 6,
    make(v): Sketch {
      return floatConvolution(v);
    },
  },
  {
    opType: 'ConvTranspose',
    family: 'convolution',
    since: 7,
    within: sum(16),
    weight: 4,
    make(v): Sketch {
      const axes = v.pick([1, 2, 2, 3]);
      const group = v.pick([1, 1, 2, 3]);
      const { kernel, size, attributes } = slidesOf(v, axes);
      const strides = (attributes['strides'] as number[] | undefined) ?? size.map(() => 1);
      const padding = when(v.chance(0.3) && attributes['auto_pad'] === undefined, {
        output_padding: strides.map((s) => v.below(s)),
      });
      const small = size.map((d) => Math.min(d, 6));
      const [perGroup, filters] = [v.whole(1, 3), v.whole(1, 3)];
      // Padding that leaves nothing is refused by both.
      const { pads, ...rest } = attributes;
      const spans = small.map((d, i) => (d - 1) * strides[i]! + kernel[i]!);
      const fits = Array.isArray(pads) && spans.every((span, i) => span > pads[i]! + pads[i + axes]!);
      return {
        inputs: [
          v.moderate('float32', [v.whole(1, 2), group * perGroup, ...small]),
          v.moderate('float32', [group * perGroup, filters, ...kernel]),
          v.chance(0.5) ? v.moderate('float32', [group * filters]) : undefined,
        ],
        attributes: { ...rest, ...when(fits, { pads: pads as readonly number[] }), ...padding, group },
      };
    },
  },
  {
    opType: 'MatMul',
    family: 'product',
    since: 7,
    within: sum(16),
    weight: 3,
    make(v): Sketch {
      const [a, b] = matrices(v);
      const dtype =
        v.opset >= 9
          ? v.pick(['float32', 'float32', 'float64', 'int32', 'int64'] as const)
          : v.pick(['float32', 'float64'] as const);
      const made = (dims: number[]) => (/float/.test(dtype) ? v.moderate(dtype, dims) : v.any(dtype, dims));
      if (v.chance(0.2)) return { inputs: [made([a.at(-1)!]), made(b)] };
      return { inputs: [made(a), v.chance(0.2) ? made([a.at(-1)!]) : made(b)] };
    },
  },
  {
    opType: 'Gemm',
    family: 'product',
    since: 7,
    within: sum(16),
    weight: 3,
    make(v): Sketch {
      const [m, k, n] = [v.whole(1, 6), v.pick([1, 3, 8, 17, 64]), v.pick([1, 3, 8, 17])];
      const [transA, transB] = [v.below(2), v.below(2)];
      const dtype = v.pick(['float32', 'float32', 'float64'] as const);
      const c =
        v.opset >= 11 && v.chance(0.3)
          ? undefined
          : v.moderate(dtype, v.pick([[n], [m, 1], [m, n], [1, n], [1]]));
      const [alpha, beta] = [v.pick([1, 1, 0.5, 2]), v.pick([1, 1, 0, 0.25])];
      return {
        inputs: [v.moderate(dtype, transA ? [k, m] : [m, k]), v.moderate(dtype, transB ? [n, k] : [k, n]), c],
        attributes: { transA, transB, alpha, beta },
        floats: ['alpha', 'beta'],
      };
    },
  },
  {
    opType: 'Einsum',
    family: 'product',
    since: 12,
    within: sum(16),
    make(v): Sketch {
      const [b, i, j, k] = [v.whole(1, 3), v.whole(1, 4), v.whole(1, 5), v.whole(1, 6)];
      const [equation, ...dims] = v.pick<readonly [string, ...number[][]]>([
        ['ij,jk->ik', [i, j], [j, k]],
        ['bij,bjk->bik', [b, i, j], [b, j, k]],
        ['ij->ji', [i, j]],
        ['ij->i', [i, j]],
        ['i,j->ij', [i], [j]],
        ['bij,bkj->bik', [b, i, j], [b, k, j]],
        ['...ij,...jk->...ik', [b, i, j], [b, j, k]],
        ['ii->i', [i, i]],
        ['ij,ij->', [i, j], [i, j]],
      ]);
      return { inputs: dims.map((d) => v.moderate('float32', d)), attributes: { equation } };
    },
  },
  pool('MaxPool', 8, exact, (v) => when(v.chance(0.2), { storage_order: 1 }), 2),
  pool('AveragePool', 7, sum(32), (v) => ({ count_include_pad: v.below(2) })),
  pool('LpPool', 11, sum(16), (v) => ({ p: v.whole(1, 3) })),
  ...['GlobalAveragePool', 'GlobalMaxPool'].map(
    (opType): Maker => ({
      opType,
      family: 'pool',
      since: 7,
      within: opType === 'GlobalMaxPool' ? exact : sum(32),
      make: (v) => ({
        inputs: [
          v.moderate('float32', [v.whole(1, 2), v.whole(1, 4), ...v.dims(v.whole(1, 3), { longest: 90 })]),
        ],
      }),
    }),
  ),
  ...['Softmax', 'LogSoftmax'].map(
    (opType): Maker => ({
      opType,
      family: 'normalization',
      since: 7,
      within: { kind: 'largest', ulps: 16, largest: 1 },
      weight: 2,
      x: (v) =>
        v.moderate(v.pick(['float32', 'float32', 'float64']), v.dims(v.whole(1, 4)), v.pick([0.1, 1, 30])),
      make: (v, x) => ({
        inputs: [x],
        attributes: when(x.dims.length < 2 || v.chance(0.8), {
          axis: v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length),
        }),
      }),
    }),
  ),
  {
    opType: 'Hardmax',
    family: 'normalization',
    since: 7,
    within: exact,
    x: (v) => v.small('float32', v.dims(v.whole(2, 4)), -3, 3),
    make: (v, x) => ({
      inputs: [x],
      attributes: { axis: v.opset >= 11 ? v.axis(x.dims.length) : v.below(x.dims.length) },
    }),
  },
  {
    opType: 'LayerNormalization',
    family: 'normalization',
    since: 17,
    within: { kind: 'largest', ulps: 64, largest: 1 },
    make(v): Sketch {
      const dims = v.dims(v.whole(1, 3)).with(-1, v.whole(4, 17));
      const axis = v.axis(dims.length);
      const inner = dims.slice((axis + dims.length) % dims.length);
      return {
        inputs: [
          v.moderate('float32', dims),
          v.moderate('float32', inner),
          v.chance(0.5) ? v.moderate('float32', inner) : undefined,
        ],
        attributes: { axis, epsilon: 0.01 },
      };
    },
  },
  {
    opType: 'InstanceNormalization',
    family: 'normalization',
    since: 7,
    within: { kind: 'largest', ulps: 64, largest: 1 },
    make(v): Sketch {
      const channels = v.whole(1, 4);
      return {
        inputs: [
          v.moderate('float32', [v.whole(1, 2), channels, ...v.dims(v.whole(1, 2), { longest: 60 })]),
          v.moderate('float32', [channels]),
          v.moderate('float32', [channels]),
        ],
        attributes: { epsilon: 0.01 },
      };
    },
  },
  {
    opType: 'BatchNormalization',
    family: 'normalization',
    since: 9,
    within: { kind: 'largest', ulps: 16, largest: 8 },
    make(v): Sketch {
      const channels = v.whole(1, 5);
      const c = [channels];
      return {
        inputs: [
          v.moderate('float32', [v.whole(1, 2), channels, ...v.dims(v.whole(0, 3), { longest: 60 })]),
          v.moderate('float32', c),
          v.moderate('float32', c),
          v.moderate('float32', c),
          v.scales('float32', c),
        ],
        attributes: { epsilon: 0.001 },
      };
    },
  },
  {
    opType: 'LRN',
    family: 'normalization',
    since: 7,
    within: { kind: 'largest', ulps: 16 },
    make: (v) => ({
      inputs: [v.moderate('float32', [v.whole(1, 2), v.whole(1, 7), v.whole(1, 4), v.whole(1, 4)])],
      attributes: { size: v.pick([1, 3, 5]), alpha: 0.001, beta: 0.75, bias: 1 },
      floats: ['alpha', 'beta', 'bias'],
    }),
  },
  {
    opType: 'LpNormalization',
    family: 'normalization',
    since: 7,
    within: { kind: 'largest', ulps: 16, largest: 1 },
    x: (v) => v.moderate('float32', v.dims(v.whole(1, 3))),
    make: (v, x) => ({ inputs: [x], attributes: { axis: v.axis(x.dims.length), p: v.whole(1, 2) } }),
  },
  {
    opType: 'Resize',
    family: 'resize',
    since: 11,
    within: sum(64),
    weight: 3,
    make: (v) => resize(v),
  },
  {
    opType: 'Resize',
    family: 'resize by axes',
    since: 18,
    within: sum(256),
    weight: 3,
    make: (v) => resizeByAxes(v),
  },
];

function resize(v: Values): Sketch {
  const mode = v.pick(['nearest', 'nearest', 'linear', 'cubic']);
  const dims = [v.whole(1, 2), v.whole(1, 2), v.whole(2, 6), v.whole(2, 6)];
  const transformation = v.pick(['half_pixel', 'asymmetric', 'pytorch_half_pixel', 'align_corners']);
  const attributes: Record<string, number | string> = {
    mode,
    coordinate_transformation_mode: transformation,
  };
  if (mode === 'nearest')
    attributes['nearest_mode'] = v.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']);
  if (mode === 'cubic') {
    if (v.chance(0.3)) attributes['exclude_outside'] = 1;
    if (v.chance(0.3)) attributes['cubic_coeff_a'] = -0.5;
  }
  const x: Tensor = v.moderate('float32', dims);
  const none = v.opset >= 13 ? undefined : v.moderate('float32', [0]);
  if (v.chance(0.5)) {
    // Powers of two and halves: what they scale to is the same in float32 and in double.
    const scales = [1, 1, v.pick([0.5, 1, 1.5, 2, 3]), v.pick([0.5, 1, 1.5, 2, 3])];
    return { inputs: [x, none, v.small('float32', [4], 1, 1).with({ storage: floats(scales) })], attributes };
  }
  const sizes = [dims[0]!, dims[1]!, v.whole(1, 9), v.whole(1, 9)];
  return {
    inputs: [x, none, v.opset >= 13 ? undefined : v.moderate('float32', [0]), int64s(sizes)],
    attributes,
  };
}

/** What came with version 18, and regions. */
function resizeByAxes(v: Values): Sketch {
  const dims = [v.whole(1, 2), v.whole(1, 2), v.whole(2, 7), v.whole(2, 7)];
  const crops = v.chance(0.3);
  const mode = v.pick(['nearest', 'linear', 'cubic']);
  const axes = [2, 3];
  // Nearest by powers of two: elsewhere float32 falls to one side of a boundary or the other.
  const sizes = axes.map((axis) => (mode === 'nearest' ? dims[axis]! * v.pick([1, 2, 4]) : v.whole(1, 9)));
  const region = [v.pick([0, 0.25]), v.pick([0, 0.125]), v.pick([1, 0.75]), v.pick([1, 1.25])];
  return {
    inputs: [
      v.moderate('float32', dims),
      crops ? v.small('float32', [4], 0, 1).with({ storage: floats(region) }) : undefined,
      undefined,
      int64s(sizes),
    ],
    attributes: {
      mode,
      axes,
      ...(crops
        ? { coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: 5 }
        : { coordinate_transformation_mode: v.pick(['half_pixel', 'half_pixel_symmetric', 'asymmetric']) }),
      ...when(!crops && mode !== 'nearest' && v.chance(0.5), { antialias: 1 }),
      ...when(!crops && v.chance(0.5), {
        keep_aspect_ratio_policy: v.pick(['stretch', 'not_larger', 'not_smaller']),
      }),
      ...when(mode === 'nearest', { nearest_mode: 'floor' }),
    },
    floats: ['extrapolation_value'],
  };
}

function floats(values: readonly number[]) {
  return { kind: 'bytes' as const, bytes: new Uint8Array(new Float32Array(values).buffer) };
}
