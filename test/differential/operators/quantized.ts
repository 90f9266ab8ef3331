import { type DataType, dataTypeToCode, type Tensor, tensor } from '../../../src/ir/index.ts';
import { type Attributes, byteTypes, exact, type Maker, type Sketch, when } from '../sketch.ts';
import { product, scalar, type Values } from '../values.ts';
import { slidesOf, windowOf } from './windows.ts';

const family = 'quantized';
const narrow: readonly DataType[] = ['int4', 'uint4'];
const float8: readonly DataType[] = ['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz'];

/** Code types of QuantizeLinear and DequantizeLinear by opset. */
function codeTypes(opset: number): readonly DataType[] {
  return [
    ...byteTypes,
    ...byteTypes,
    ...(opset >= 19 ? float8 : []),
    ...(opset >= 21 ? (['int16', 'uint16', ...narrow, ...narrow] as const) : []),
    ...(opset >= 25 ? (['int2', 'uint2'] as const) : []),
  ];
}

/** Those of the contrib twins; before opset 21 nothing else could read 4-bit codes. */
function microsoftTypes(opset: number): readonly DataType[] {
  return [...byteTypes, 'int16', 'uint16', ...(opset >= 21 ? narrow : [])];
}

/** A zero point: any code; zero for floats, which may not have another. */
function zeros(v: Values, dtype: DataType, dims: readonly number[]): Tensor {
  if (/float/.test(dtype)) return tensor(dtype, dims, new Array(product(dims)).fill(0));
  return v.chance(0.2) ? tensor(dtype, dims, new Array(product(dims)).fill(0)) : v.any(dtype, dims);
}

/** Dims of the scale, and the attributes that say how it is spread: per tensor, per axis or per block. */
function granularity(
  v: Values,
  dims: readonly number[],
): { readonly dims: readonly number[]; readonly attributes: Attributes } {
  const rank = dims.length;
  const kind = v.pick(['tensor', 'tensor', 'axis', v.opset >= 21 ? 'block' : 'axis']);
  if (kind === 'tensor' || rank === 0 || v.opset < 13) return { dims: v.pick([[], [], [1]]), attributes: {} };
  const axis = v.axis(rank);
  const along = (axis + rank) % rank;
  const length = dims[along]!;
  if (kind === 'axis') return { dims: [length], attributes: { axis } };
  // ONNX Runtime 1.30 ends the process on blocks of tensors without elements.
  if (product(dims) === 0) return { dims: [], attributes: {} };
  const size = v.whole(1, length);
  return {
    dims: dims.with(along, Math.ceil(length / size)),
    attributes: { axis, block_size: size },
  };
}

/** Floats, half of them on or next to the ties of their scale. */
function nearTies(v: Values, dtype: DataType, dims: readonly number[], step: number): Tensor {
  if (v.chance(0.4)) return v.any(dtype, dims);
  const values = Array.from(
    { length: product(dims) },
    () => (v.whole(-300, 300) + v.pick([0, 0.5, 0.5])) * step,
  );
  return tensor(dtype, dims, values);
}

export const quantized: readonly Maker[] = [
  ...(['', 'com.microsoft'] as const).map(
    (domain): Maker => ({
      opType: 'QuantizeLinear',
      domain,
      family,
      since: 10,
      within: exact,
      weight: domain === '' ? 10 : 4,
      follows: (x) => x.dtype === 'float32',
      x: (v) => {
        const dtype = v.pick<DataType>(
          domain === '' && v.opset >= 19 ? ['float32', 'float32', 'float32', 'float16'] : ['float32'],
        );
        return nearTies(v, dtype, v.dims(v.whole(0, 4), { empty: true }), v.pick([1, 0.1, 0.25, 0.3]));
      },
      make(v, x): Sketch {
        const dtype = v.pick(domain === '' ? codeTypes(v.opset) : microsoftTypes(v.opset));
        const { dims, attributes } = domain === '' ? granularity(v, x.dims) : microsoft(v, x.dims);
        const scale = v.scales(x.dtype, dims);
        const named = domain === '' && v.opset >= 21 && v.chance(0.15);
        const zero = named || (dtype === 'uint8' && v.chance(0.2)) ? undefined : zeros(v, dtype, dims);
        const output = when(named, { output_dtype: dataTypeToCode(dtype) });
        const saturate = when(/float8/.test(dtype) && v.chance(0.3), { saturate: 0 });
        return { inputs: [x, scale, zero], attributes: { ...attributes, ...saturate, ...output } };
      },
    }),
  ),
  ...(['', 'com.microsoft'] as const).map(
    (domain): Maker => ({
      opType: 'DequantizeLinear',
      domain,
      family,
      since: 10,
      within: exact,
      weight: domain === '' ? 10 : 4,
      follows: ({ dtype }, opset) =>
        dtype === 'int8' || dtype === 'uint8' || (domain === '' && codeTypes(opset).includes(dtype)),
      x: (v) => {
        const dtype = v.pick<DataType>([
          ...(domain === '' ? codeTypes(v.opset) : microsoftTypes(v.opset)),
          'int32',
        ]);
        return v.any(dtype, v.dims(v.whole(0, 4), { empty: true }), { finite: true });
      },
      make(v, x): Sketch {
        const { dims, attributes } = domain === '' ? granularity(v, x.dims) : microsoft(v, x.dims);
        const type = v.pick<DataType>(
          domain === '' && v.opset >= 19 ? ['float32', 'float32', 'float16'] : ['float32'],
        );
        const zero = v.chance(0.25)
          ? undefined
          : x.dtype === 'int32'
            ? v.small('int32', dims, 0, 0)
            : zeros(v, x.dtype, dims);
        // ONNX Runtime 1.30 refuses, while it runs, results of another type than the scale's.
        const output = when(domain === '' && v.opset >= 23 && v.chance(0.15), {
          output_dtype: dataTypeToCode(type),
        });
        return { inputs: [x, v.scales(type, dims), zero], attributes: { ...attributes, ...output } };
      },
    }),
  ),
  {
    opType: 'DynamicQuantizeLinear',
    family,
    since: 11,
    within: exact,
    weight: 3,
    follows: (x) => x.dtype === 'float32' && x.size > 0 && finite(x),
    x: (v) => {
      const dims = v.dims(v.whole(0, 4));
      return v.chance(0.1)
        ? tensor('float32', dims, new Array(product(dims)).fill(0))
        : v.moderate('float32', dims, v.pick([0.01, 1, 300]));
    },
    make: (_, x) => ({ inputs: [x], outputs: 3 }),
  },
  ...(['', 'com.microsoft'] as const).map(
    (domain): Maker => ({
      opType: 'QLinearConv',
      domain,
      family,
      since: domain === '' ? 10 : 11,
      within: exact,
      weight: domain === '' ? 14 : 4,
      make(v): Sketch {
        const { dims, weights, filters, attributes } = windowOf(v);
        const type = v.pick(byteTypes);
        const weightType = type === 'int8' ? 'int8' : v.pick(byteTypes);
        const perFilter = v.chance(0.4) ? [filters] : v.pick([[], [1]]);
        const taps = product(weights.slice(1));
        const zero =
          perFilter.length === 1 && perFilter[0] === filters && filters > 1
            ? sameZero(v, weightType, filters)
            : zeros(v, weightType, perFilter);
        const last = domain !== '' && v.chance(0.8);
        const inputs = [
          v.any(type, last ? channelsLast(dims) : dims),
          v.scales('float32', []),
          zeros(v, type, []),
          v.any(weightType, weights),
          v.scales('float32', perFilter, 0.1),
          zero,
          outputScale(v, taps),
          zeros(v, type, []),
          v.chance(0.5) ? v.small('int32', [filters], -9999, 9999) : undefined,
        ];
        return { inputs, attributes: { ...attributes, ...when(last, { channels_last: 1 }) } };
      },
    }),
  ),
  {
    opType: 'NhwcMaxPool',
    domain: 'com.microsoft',
    family,
    since: 11,
    within: exact,
    weight: 2,
    make(v): Sketch {
      const { kernel, size, attributes } = slidesOf(v, v.pick([1, 2, 2, 3]));
      const dims = [v.whole(1, 2), ...size, v.whole(1, 20)];
      return {
        inputs: [v.any(v.pick(byteTypes), dims)],
        attributes: { ...attributes, kernel_shape: kernel },
      };
    },
  },
  {
    opType: 'ConvInteger',
    family,
    since: 10,
    within: exact,
    weight: 8,
    make(v): Sketch {
      const { dims, weights, attributes } = windowOf(v);
      // ONNX Runtime has ConvInteger for unsigned inputs alone.
      const weightType = v.pick(byteTypes);
      const [xZero, wZero] = [
        v.chance(0.7) ? zeros(v, 'uint8', []) : undefined,
        v.chance(0.6) ? zeros(v, weightType, []) : undefined,
      ];
      return { inputs: [v.any('uint8', dims), v.any(weightType, weights), xZero, wZero], attributes };
    },
  },
  {
    opType: 'QLinearMatMul',
    family,
    since: 10,
    within: exact,
    weight: 10,
    make(v): Sketch {
      const [a, b] = matrices(v);
      const type = v.pick(byteTypes);
      const bType = type === 'int8' ? 'int8' : v.pick(byteTypes);
      const columns = b.length === 2 && v.chance(0.3) ? [b.at(-1)!] : [];
      const inputs = [
        v.any(type, a),
        v.scales('float32', []),
        zeros(v, type, []),
        v.any(bType, b),
        v.scales('float32', columns, 0.1),
        zeros(v, bType, columns),
        outputScale(v, a.at(-1)!),
        zeros(v, type, []),
      ];
      return { inputs };
    },
  },
  {
    opType: 'MatMulInteger',
    family,
    since: 10,
    within: exact,
    weight: 8,
    make(v): Sketch {
      const [a, b] = matrices(v);
      const [aType, bType] = [v.pick(byteTypes), v.pick(byteTypes)];
      const columns = b.length === 2 && v.chance(0.3) ? [b.at(-1)!] : [];
      const aZero = v.chance(0.7) ? zeros(v, aType, []) : undefined;
      return {
        inputs: [
          v.any(aType, a),
          v.any(bType, b),
          aZero,
          v.chance(0.7) ? zeros(v, bType, columns) : undefined,
        ],
      };
    },
  },
];

/** The contrib twin: per tensor, or per axis with any number of codes. */
function microsoft(
  v: Values,
  dims: readonly number[],
): { readonly dims: readonly number[]; readonly attributes: Attributes } {
  if (dims.length === 0 || v.chance(0.6)) return { dims: [], attributes: {} };
  const axis = v.axis(dims.length);
  return { dims: [dims.at(axis)!], attributes: { axis } };
}

const channelsLast = ([batch, channels, ...size]: readonly number[]): number[] => [
  batch!,
  ...size,
  channels!,
];

/** One zero point for all filters: ONNX Runtime refuses others. */
function sameZero(v: Values, dtype: DataType, count: number): Tensor {
  const [zero] = zeros(v, dtype, [1]).toTypedArray() as Int8Array;
  return tensor(dtype, [count], new Array(count).fill(zero));
}

/** Brings sums of products into the range of codes, and at times beyond it. */
function outputScale(v: Values, taps: number): Tensor {
  return scalar(
    'float32',
    Math.fround(v.pick([0.05, 1, 1, 8]) * Math.sqrt(taps + 1) * (v.chance(0.3) ? 1 : 0.2 + v.uniform())),
  );
}

/** Dims of two matrices, or stacks of them, that can be multiplied. */
export function matrices(v: Values): [number[], number[]] {
  const k = v.pick([1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 64, 65]);
  const [m, n] = [v.whole(1, 6), v.pick([1, 2, 3, 5, 8, 16, 17, 33])];
  const batch = v.dims(v.whole(0, 2), { longest: 6 });
  return v.pick([
    [
      [m, k],
      [k, n],
    ],
    [
      [...batch, m, k],
      [k, n],
    ],
    [
      [...batch, m, k],
      [...batch, k, n],
    ],
    [
      [m, k],
      [...batch, k, n],
    ],
    [
      [1, ...batch, m, k],
      [2, ...batch.map(() => 1), k, n],
    ],
  ] as [number[], number[]][]);
}

function finite(x: Tensor): boolean {
  return (x.toTypedArray() as Float32Array).every(Number.isFinite);
}
