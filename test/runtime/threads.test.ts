import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { fromTensor, type NdArray, type Numbers, numbersOf } from '../../src/runtime/array.ts';
import { convolveAndFinish, convolveBytes } from '../../src/runtime/integer/convolve.ts';
import { multiplyBytes } from '../../src/runtime/integer/matmul.ts';
import { matMulShape } from '../../src/runtime/matmul.ts';
import { openThreads, ThreadPool, withThreads } from '../../src/runtime/threads/pool.ts';

/** Threads change nothing but the time: sums are those of one thread, which integer.test.ts holds to the obvious loops. */

function bytes(dtype: 'int8' | 'uint8', dims: readonly number[], seed: number): NdArray {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  const count = dims.reduce((a, b) => a * b, 1);
  const low = dtype === 'int8' ? 128 : 0;
  return fromTensor(
    tensor(
      dtype,
      dims,
      Array.from({ length: count }, () => next() - low),
    ),
  );
}

interface Layer {
  readonly batch?: number;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly filters: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly group?: number;
}

/** Each large enough for three threads, and cut in another way. */
const layers: readonly (readonly [string, Layer])[] = [
  ['windows, along the rows', { channels: 16, size: [90, 91], filters: 62, kernel: 5, stride: 2 }],
  ['windows, along the filters', { channels: 200, size: [7, 61], filters: 131, kernel: 3, stride: 2 }],
  ['windows of one row', { channels: 300, size: [1, 301], filters: 271, kernel: 1 }],
  ['squares, along the rows', { channels: 32, size: [69, 41], filters: 70, kernel: 3, batch: 2 }],
  ['squares, along the filters', { channels: 192, size: [11, 11], filters: 230, kernel: 3 }],
  ['groups', { channels: 64, size: [61, 40], filters: 128, kernel: 3, stride: 2, group: 2, batch: 4 }],
  [
    'one channel and one filter in each group',
    { channels: 60, size: [121, 117], filters: 60, kernel: 3, group: 60 },
  ],
];

function convolution(layer: Layer) {
  const { x, w, attributes, xZero, wZeros } = operandsOf(layer);
  return () => convolveBytes(x, w, attributes, xZero, wZeros).sums;
}

function finishedConvolution(layer: Layer) {
  const operands = operandsOf(layer);
  const { x, w, attributes } = operands;
  const { dims } = convolveBytes(x, w, attributes);
  return { operands, residual: bytes('int8', dims, 3) };
}

function operandsOf({ batch = 1, channels, size, filters, kernel, stride = 1, group = 1 }: Layer) {
  const x = bytes('uint8', [batch, channels, ...size], 1);
  const w = bytes('int8', [filters, channels / group, kernel, kernel], 2);
  const pad = kernel >> 1;
  const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], group };
  return { x, w, attributes, xZero: 7, wZeros: Array.from({ length: filters }, (_, f) => (f % 3) - 1) };
}

/** As `toEqual`, for long arrays. */
function expectEqual(sums: Numbers, want: Numbers): void {
  expect(sums.length).toBe(want.length);
  expect((sums as Int32Array).findIndex((sum, i) => sum !== want[i])).toBe(-1);
}

let pool: ThreadPool;

beforeAll(async () => {
  pool = new ThreadPool(3);
  await pool.ready;
});
afterAll(() => pool.close());
afterEach(() => vi.restoreAllMocks());

describe('threads', () => {
  it.each(layers)('compute the sums of one thread: %s', (_, layer) => {
    const run = vi.spyOn(pool, 'run');
    const compute = convolution(layer);
    expectEqual(withThreads(pool, compute), compute());
    expect(run).toHaveBeenCalledOnce();
    expect(run.mock.calls[0]![0].shares).toHaveLength(3);
  });

  it.each(layers)('finish them as one thread does: %s', (_, layer) => {
    const run = vi.spyOn(pool, 'run');
    const { operands, residual } = finishedConvolution(layer);
    const compute = () =>
      convolveAndFinish(operands, ([, channels]) => ({
        kind: 'epilogue',
        channels: channels!,
        factors: Float64Array.of(Math.fround(1e-4)),
        shifts: Float64Array.from({ length: channels! }, (_, c) => Math.fround(0.01 * c)),
        residual: { values: residual, scale: Math.fround(0.02) },
        activation: { name: 'Silu', values: [] },
        scale: Math.fround(0.1),
        rounding: 'half-even',
      }));
    expectEqual(numbersOf(withThreads(pool, compute)), numbersOf(compute()));
    expect(run).toHaveBeenCalledOnce();
  });

  it.each([1, 210])('multiply matrices of %i rows', (rows) => {
    const run = vi.spyOn(pool, 'run');
    const a = bytes('uint8', [3, rows, 400], 3);
    const b = bytes('int8', [400, rows === 1 ? 25_001 : 201], 4);
    const shape = matMulShape(a.dims, b.dims);
    const zero = bytes('uint8', [rows, 1], 5);
    const product = () => multiplyBytes(a, b, zero, undefined, shape);
    expectEqual(withThreads(pool, product), product());
    expect(run).toHaveBeenCalledOnce();
  });

  it('leave small layers and weights that are computed to the calling thread', () => {
    const run = vi.spyOn(pool, 'run');
    withThreads(pool, convolution({ channels: 8, size: [9, 9], filters: 8, kernel: 3 }));
    const x = bytes('uint8', [1, 512, 32, 32], 6);
    const w: NdArray = { dtype: 'int8', dims: [64, 512, 1, 1], data: new Int8Array(64 * 512).fill(3) };
    withThreads(pool, () => convolveBytes(x, w, {}));
    expect(run).not.toHaveBeenCalled();
  });

  it('compute each share once, however late a thread begins', () => {
    for (let turn = 0; turn < 200; turn++) {
      const sums = new Int32Array(new SharedArrayBuffer(4 * 5));
      const work = shareCounting(sums);
      const shares = [0, 1, 2, 3, 4].map((row) => ({ top: row, bottom: row + 1, first: 0, last: 1 }));
      pool.run({ work, lasting: [], shares }, ({ top }) => {
        sums[top]! += 6;
      });
      expect([...sums]).toEqual([6, 6, 6, 6, 6]);
    }
  });

  it('that fail leave the work to the calling thread', async () => {
    const broken = new ThreadPool(2);
    await broken.ready;
    const takeTime = (done: Set<number>) => (share: number) => {
      done.add(share);
      const end = performance.now() + 100;
      while (performance.now() < end);
    };
    // On a busy machine the other thread may come too late to fail; it is asked again then.
    for (let turn = 0; turn < 100 && broken.available === 2; turn++) {
      const done = new Set<number>();
      broken.run({ work: { kind: 'matrix', packed: [] }, lasting: [], shares: [1, 2, 3] }, takeTime(done));
      expect(done).toEqual(new Set([1, 2, 3]));
    }
    expect(broken.available).toBe(1);
    broken.close();
  });

  it('are not used any more when they are closed', () => {
    const closed = openThreads(2);
    closed.close();
    const compute = convolution(layers[0]![1]);
    expectEqual(withThreads(closed, compute), compute());
  });

  it.each([0, 1.5, -1, Number.NaN, 1000])('cannot be %d', (count) => {
    expect(() => openThreads(count)).toThrow(/1 to 256 threads/);
  });

  it('say what is missing where memory cannot be shared', () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    try {
      expect(openThreads(1).count).toBe(1);
      expect(() => openThreads(2)).toThrow(/need SharedArrayBuffer/);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('do not keep a process from ending', () => {
    const script = `const { openThreads } = await import('./src/runtime/threads/pool.ts');
      await openThreads(2).ready;
      console.log('done');`;
    const node = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([node.stdout, node.stderr, node.status]).toEqual(['done\n', '', 0]);
  });
});

/** A convolution 1 wide whose sums are 2 · 3, a row to each share. */
function shareCounting(sums: Int32Array) {
  const window = {
    kernel: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    padsBegin: [0, 0],
    padsEnd: [0, 0],
    output: [5, 1],
  };
  const images = {
    bytes: new Uint8Array(5).fill(2),
    signed: false,
    zero: 0,
    lengths: [5, 1],
    begin: [0, 0],
    padded: [5, 1],
  };
  return {
    kind: 'depthwise',
    images,
    window,
    batch: 1,
    channels: 1,
    filters: 1,
    group: 1,
    result: { sums },
    taps: Float64Array.of(3),
  };
}
