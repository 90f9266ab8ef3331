import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { encodeModel } from '../../src/serde/index.ts';
import {
  bytes,
  type Case,
  caseOf,
  expectSameWithSeeds,
  modelOf,
  product,
  type Random,
  randomStream,
  scaleOf,
  toOrt,
} from './engine.ts';

/** Random nodes, computed here and by ONNX Runtime: whole numbers have to be equal, floats close to the largest value. */

/** Dims and attributes of a random two-dimensional window. */
function windowOf({ whole, pick }: Random) {
  const kernel = [whole(1, 3), whole(1, 3)];
  return {
    size: [whole(5, 9), whole(5, 9)],
    kernel,
    attributes: {
      strides: [whole(1, 2), whole(1, 2)],
      dilations: [whole(1, 2), whole(1, 2)],
      pads: pick([[0, 0, 0, 0], [0, 1, 1, 0].map((p, i) => Math.min(p, kernel[i % 2]! - 1))]),
    },
  };
}

const makers: Record<string, (random: Random) => Case> = {
  QuantizeLinear: (r) => {
    const dtype = r.pick(['int8', 'uint8', 'int16', 'uint16'] as const);
    const x = r.floats([3, 4, 5], r.pick([1, 100, 1e6]));
    const perAxis = r.pick([true, false]);
    const dims = perAxis ? [4] : [];
    const scale = tensor(
      'float32',
      dims,
      Array.from({ length: product(dims) }, () => 0.001 + r.next()),
    );
    return caseOf(
      'QuantizeLinear',
      [x, scale, r.codes(dtype, dims)],
      perAxis ? { axis: r.pick([1, -2]) } : {},
    );
  },
  'QuantizeLinear on ties': (r) => {
    const scale = r.next() + 0.1;
    const values = Array.from({ length: 64 }, (_, i) => Math.fround(scale) * (i - 32 + 0.5));
    return caseOf('QuantizeLinear', [
      tensor('float32', [64], values),
      tensor('float32', [], [scale]),
      r.codes('uint8', []),
    ]);
  },
  DequantizeLinear: (r) => {
    const dtype = r.pick(['int8', 'uint8', 'int16', 'uint16'] as const);
    const dims = r.pick([[], [3]]);
    const scale = tensor(
      'float32',
      dims,
      Array.from({ length: product(dims) }, () => r.next()),
    );
    return caseOf('DequantizeLinear', [r.codes(dtype, [3, 7]), scale, r.codes(dtype, dims)], { axis: 0 });
  },
  DynamicQuantizeLinear: (r) =>
    caseOf('DynamicQuantizeLinear', [r.floats([5, 6], r.pick([0, 0.1, 300]))], {}, { outputs: 3 }),
  QLinearConv: (r) => {
    const { size, kernel, attributes } = windowOf(r);
    const group = r.pick([1, 2]);
    const filters = group * r.whole(1, 4);
    const x = r.codes('uint8', [1, group * 3, ...size]);
    const perFilter = r.pick([true, false]) ? [filters] : [];
    const wScale = tensor(
      'float32',
      perFilter,
      Array.from({ length: product(perFilter) }, () => 0.001 + r.next() / 50),
    );
    const wZero = tensor('int8', perFilter, new Array(product(perFilter)).fill(0));
    const inputs = [
      x,
      scaleOf(r),
      r.codes('uint8', []),
      r.codes('int8', [filters, 3, ...kernel]),
      wScale,
      wZero,
      tensor('float32', [], [0.5 + r.next()]),
      r.codes('uint8', []),
      r.codes('int32', [filters]),
    ];
    return caseOf('QLinearConv', inputs, { ...attributes, group });
  },
  ConvInteger: (r) => {
    const { size, kernel, attributes } = windowOf(r);
    const inputs = [
      r.codes('uint8', [2, 3, ...size]),
      r.codes('uint8', [4, 3, ...kernel]),
      r.codes('uint8', []),
      r.codes('uint8', []),
    ];
    return caseOf('ConvInteger', inputs, attributes);
  },
  QLinearMatMul: (r) => {
    const type = r.pick(bytes);
    const [m, k, n] = [r.whole(1, 6), r.whole(1, 40), r.whole(1, 6)];
    const inputs = [
      r.codes(type, [m, k]),
      scaleOf(r),
      r.codes(type, []),
      r.codes('int8', [k, n]),
      scaleOf(r),
      r.codes('int8', []),
      tensor('float32', [], [20 + 300 * r.next()]),
      r.codes(type, []),
    ];
    return caseOf('QLinearMatMul', inputs);
  },
  MatMulInteger: (r) => {
    const [m, k, n] = [r.whole(1, 6), r.whole(1, 40), r.whole(1, 6)];
    const b = r.pick(bytes);
    return caseOf('MatMulInteger', [
      r.codes('uint8', [2, m, k]),
      r.codes(b, [k, n]),
      r.codes('uint8', []),
      r.codes(b, r.pick([[], [n]])),
    ]);
  },
  Conv: (r) => {
    const { size, kernel, attributes } = windowOf(r);
    const group = r.pick([1, 2, 4]);
    const filters = group * r.whole(1, 3);
    const inputs = [
      r.floats([r.whole(1, 2), 4, ...size]),
      r.floats([filters, 4 / group, ...kernel]),
      r.pick([undefined, r.floats([filters])]),
    ];
    return caseOf('Conv', inputs, { ...attributes, group });
  },
  ConvTranspose: (r) => {
    const { size, kernel, attributes } = windowOf(r);
    const group = r.pick([1, 2]);
    return caseOf(
      'ConvTranspose',
      [r.floats([1, 4, ...size]), r.floats([4, 3, ...kernel]), r.floats([3 * group])],
      { ...attributes, group },
    );
  },
  MaxPool: (r) => {
    const { size, kernel, attributes } = windowOf(r);
    return caseOf(
      'MaxPool',
      [r.floats([1, 2, ...size])],
      { ...attributes, kernel_shape: kernel, ceil_mode: r.whole(0, 1) },
      { outputs: 2 },
    );
  },
  AveragePool: (r) => {
    const { size, kernel, attributes } = windowOf(r);
    const { strides, pads } = attributes;
    return caseOf('AveragePool', [r.floats([1, 2, ...size])], {
      strides,
      pads,
      kernel_shape: kernel,
      count_include_pad: r.whole(0, 1),
    });
  },
  Resize: (r) => {
    const mode = r.pick(['nearest', 'linear', 'cubic']);
    const coordinate_transformation_mode = r.pick([
      'half_pixel',
      'asymmetric',
      'pytorch_half_pixel',
      'align_corners',
    ]);
    const sizes = tensor('int64', [4], [1, 2, r.whole(2, 9), r.whole(2, 9)]);
    return caseOf('Resize', [r.floats([1, 2, 4, 5]), undefined, undefined, sizes], {
      mode,
      coordinate_transformation_mode,
    });
  },
  MatMul: (r) => {
    const k = r.whole(1, 300);
    return caseOf('MatMul', [
      r.floats(r.pick([[k], [3, k], [2, 1, 3, k]])),
      r.floats(
        r.pick([
          [k, 4],
          [2, k, 4],
        ]),
      ),
    ]);
  },
  Gemm: (r) => {
    const [transA, transB] = [r.whole(0, 1), r.whole(0, 1)];
    const a = r.floats(transA ? [7, 5] : [5, 7]);
    const b = r.floats(transB ? [3, 7] : [7, 3]);
    return caseOf('Gemm', [a, b, r.floats(r.pick([[3], [5, 1], [5, 3], []]))], { transA, transB });
  },
  Softmax: (r) => caseOf('Softmax', [r.floats([3, 4, 5], 50)], { axis: r.whole(-3, 2) }),
  LayerNormalization: (r) => caseOf('LayerNormalization', [r.floats([3, 8]), r.floats([8]), r.floats([8])]),
  ReduceMean: (r) =>
    caseOf('ReduceMean', [r.floats([3, 4, 5]), tensor('int64', [1], [r.whole(-3, 2)])], {
      keepdims: r.whole(0, 1),
    }),
};

const perMaker = 12;

describe('beside ONNX Runtime', () => {
  it.each(Object.keys(makers))('%s', async (name) => {
    await expectSameWithSeeds(name, makers[name]!, perMaker);
  });
});

/** The pieces of float32 sums are those of 16 threads on x64, also where the machine has fewer cores. */
it.runIf(process.arch === 'x64')('sums float32 convolutions to the bit as 16 threads do', async () => {
  const random = randomStream(5);
  for (const [channels, size, filters, kernel, group] of [
    [32, 32, 32, 3, 1],
    [64, 16, 64, 3, 1],
    [192, 7, 64, 3, 1],
    [256, 16, 48, 1, 1],
    [512, 4, 40, 1, 1],
    [24, 20, 24, 3, 24],
    [64, 12, 32, 3, 2],
  ] as const) {
    const inputs = [
      random.floats([1, channels, size, size]),
      random.floats([filters, channels / group, kernel, kernel]),
      random.floats([filters]),
    ];
    const made = caseOf('Conv', inputs, { group, pads: new Array(4).fill((kernel - 1) / 2) });
    const { model, feeds } = modelOf(made);
    const session = await ort.InferenceSession.create(encodeModel(model), {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 16,
    });
    const theirs = await session.run(Object.fromEntries(feeds.map(([input, x]) => [input, toOrt(x)])));
    const ours = execute(model, feeds).get('o0')!.toTypedArray();
    const want = theirs['o0']!.data as Float32Array;
    const different = want.filter((value, i) => value !== ours[i]).length;
    expect(different, `${channels} channels of ${size}`).toBe(0);
    await session.release();
  }
});
