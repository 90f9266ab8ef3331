import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { randomStream } from './engine.ts';
import { runNode, valuesOf } from './run-node.ts';

const { floats } = randomStream(11);

function expectNear(got: Tensor | undefined, want: readonly number[]): void {
  const values = valuesOf(got) as number[];
  for (const [i, value] of want.entries()) expect(values[i]).toBeCloseTo(value, 5);
}

function expectClose(got: Tensor | undefined, want: Tensor | undefined): void {
  expect(got!.dims).toEqual(want!.dims);
  expectNear(got, valuesOf(want) as number[]);
}

describe('Attention', () => {
  const [q, k, v] = [floats([1, 2, 5, 3]), floats([1, 2, 5, 3]), floats([1, 2, 5, 4])];
  const mask = (sees: (query: number, key: number) => boolean) =>
    tensor(
      'bool',
      [5, 5],
      Array.from({ length: 25 }, (_, i) => sees(Math.floor(i / 5), i % 5)),
    );

  it('gives zeros to a query that may see nothing', () => {
    const [y] = runNode('Attention', [q, k, v, mask((query) => query !== 2)], {}, { opset: 24 });
    const values = valuesOf(y) as number[];
    expect(values.slice(8, 12)).toEqual([0, 0, 0, 0]);
    expect(values.slice(4, 8).every((value) => value !== 0)).toBe(true);
  });

  it('sees a window of keys, each side open where it is −1', () => {
    const options = { opset: 25 };
    for (const [left, right] of [
      [1, 0],
      [2, 1],
      [-1, 1],
      [0, -1],
    ] as const) {
      const inside = (query: number, key: number) =>
        (left < 0 || key >= query - left) && (right < 0 || key <= query + right);
      const [windowed] = runNode(
        'Attention',
        [q, k, v],
        { left_window_size: left, right_window_size: right },
        options,
      );
      expectClose(windowed, runNode('Attention', [q, k, v, mask(inside)], {}, options)[0]);
    }
  });

  it('takes no more keys than are valid, and aligns causal queries with the last of them', () => {
    const valid = tensor('int64', [1], [4]);
    const queries = floats([1, 2, 2, 3]);
    const inputs = [queries, k, v, undefined, undefined, undefined, valid];
    const sees = (last: (query: number) => number) =>
      tensor(
        'bool',
        [2, 5],
        Array.from({ length: 10 }, (_, i) => i % 5 <= last(Math.floor(i / 5))),
      );
    expectClose(
      runNode('Attention', inputs, {}, { opset: 24 })[0],
      runNode('Attention', [queries, k, v, sees(() => 3)], {}, { opset: 24 })[0],
    );
    expectClose(
      runNode('Attention', inputs, { is_causal: 1 }, { opset: 24 })[0],
      runNode('Attention', [queries, k, v, sees((query) => query + 2)], {}, { opset: 24 })[0],
    );
  });

  it('refuses heads that do not fit', () => {
    expect(() => runNode('Attention', [floats([1, 2, 6]), k, v], {}, { opset: 24 })).toThrow(
      'No number of heads',
    );
    expect(() => runNode('Attention', [floats([1, 3, 5, 3]), k, v], {}, { opset: 24 })).toThrow('do not fit');
  });
});

describe('LinearAttention', () => {
  const [batch, steps, heads, groups, size, width] = [2, 4, 4, 2, 3, 2];
  const q = floats([batch, steps, heads * size]);
  const k = floats([batch, steps, groups * size]);
  const v = floats([batch, steps, groups * width]);
  const attributes = { q_num_heads: heads, kv_num_heads: groups, scale: 0.5 };
  const run = (inputs: (Tensor | undefined)[], rule: string) =>
    runNode(
      'LinearAttention',
      inputs,
      { ...attributes, update_rule: rule },
      { opset: 27, outputs: 2, floats: ['scale'] },
    );

  /** Σ over the steps so far of decay^(distance)·(q·k)·v: what the recurrence without corrections adds up to. */
  function expected(decay: number): number[] {
    const [a, b, c] = [q, k, v].map((x) => valuesOf(x) as number[]) as [number[], number[], number[]];
    const result: number[] = [];
    for (let n = 0; n < batch; n++) {
      for (let t = 0; t < steps; t++) {
        for (let h = 0; h < heads; h++) {
          const g = Math.floor(h / (heads / groups));
          for (let m = 0; m < width; m++) {
            let sum = 0;
            for (let s = 0; s <= t; s++) {
              let product = 0;
              for (let d = 0; d < size; d++)
                product +=
                  a[((n * steps + t) * heads + h) * size + d]! *
                  b[((n * steps + s) * groups + g) * size + d]!;
              sum += decay ** (t - s) * product * c[((n * steps + s) * groups + g) * width + m]!;
            }
            result.push(0.5 * sum);
          }
        }
      }
    }
    return result;
  }

  it('is causal attention without softmax, each step fading by its decay', () => {
    const [plain] = run([q, k, v], 'linear');
    expectNear(plain, expected(1));
    const halves = tensor('float32', [batch, steps, groups], new Array(16).fill(Math.log(0.5)));
    const [fading] = run([q, k, v, undefined, halves], 'gated');
    expectNear(fading, expected(0.5));
  });

  it('with the delta rule and β = 1 stores the value of a key of length one, whatever was there', () => {
    const unit = tensor('float32', [1, 1, 3], [0, 1, 0]);
    const one = { q_num_heads: 1, kv_num_heads: 1, update_rule: 'delta', scale: 1 };
    const [y, state] = runNode(
      'LinearAttention',
      [
        unit,
        unit,
        tensor('float32', [1, 1, 2], [7, 8]),
        floats([1, 1, 3, 2]),
        undefined,
        tensor('float32', [1, 1, 1], [1]),
      ],
      one,
      { opset: 27, outputs: 2, floats: ['scale'] },
    );
    expect((valuesOf(y) as number[]).map((value) => Math.fround(value))).toEqual([7, 8]);
    expect((valuesOf(state) as number[]).slice(2, 4)).toEqual([7, 8]);
  });

  it('hands on its state: two halves are one run', () => {
    const part = (x: Tensor, first: number) => {
      const row = x.dims[2]!;
      const values = valuesOf(x) as number[];
      return tensor(
        'float32',
        [batch, 2, row],
        [0, 1].flatMap((n) => values.slice((n * steps + first) * row, (n * steps + first + 2) * row)),
      );
    };
    const [whole, last] = run([q, k, v], 'linear');
    const [, middle] = run([part(q, 0), part(k, 0), part(v, 0)], 'linear');
    const [second, end] = run([part(q, 2), part(k, 2), part(v, 2), middle], 'linear');
    expectClose(second, part(whole!, 2));
    expectClose(end, last);
  });

  it('refuses inputs that its rule does not have', () => {
    expect(() => run([q, k, v], 'gated')).toThrow('do not fit the rule "gated"');
  });
});

describe('FlexAttention', () => {
  const run = (modifiers: string, inputs: readonly Tensor[], type = 'float') => {
    const text = `<ir_version: 10, opset_import: ["" : 26, "ai.onnx.preview" : 1]>
      main (${type}[B,H,L,E] q, ${type}[B,G,S,E] k, ${type}[B,G,S,F] v) => (${type}[B,H,L,F] y) {
        y = ai.onnx.preview.FlexAttention <${modifiers}> (q, k, v)
      }`;
    const values = new Map(['q', 'k', 'v'].map((name, i) => [name, inputs[i]!]));
    return execute(parseModel(text), values).get('y');
  };
  const modifier = (nodes: string, constants: string) =>
    `g (float[B,H,L,S] s) => (float[B,H,L,S] o) <${constants}> { ${nodes} }`;
  const [q, k, v] = [floats([2, 4, 3, 5]), floats([2, 2, 6, 5]), floats([2, 2, 6, 7])];
  const plain = runNode('Attention', [q, k, v], { scale: 0.25 }, { opset: 24 })[0];

  it('is Attention as long as nothing is modified, for shared keys too', () => {
    expectClose(run('scale = 0.25', [q, k, v]), plain);
    expectClose(run('softmax_precision = 11, scale = 0.25', [q, k, v]), plain);
    const doubles = [q, k, v].map((x) => tensor('float64', x.dims, x.toTypedArray() as Float32Array));
    expect(run('scale = 0.25', doubles, 'double')!.dtype).toBe('float64');
  });

  it('hands all scores to one subgraph, and all probabilities to the other', () => {
    const causal = modifier(
      'i = Range (zero, three, one)  c = Unsqueeze (i, last)  j = Range (zero, six, one)  m = GreaterOrEqual (c, j)  o = Where (m, s, off)',
      'int64 zero = {0}, int64 one = {1}, int64 three = {3}, int64 six = {6}, int64[1] last = {1}, float off = {-inf}',
    );
    const masked = runNode('Attention', [q, k, v], { scale: 0.25, is_causal: 1 }, { opset: 24 })[0];
    expectClose(run(`scale = 0.25, score_mod = ${causal}`, [q, k, v]), masked);
    const doubled = modifier('o = Mul (s, two)', 'float two = {2}');
    const sum = runNode('Add', [plain, plain])[0];
    expectClose(run(`scale = 0.25, prob_mod = ${doubled}`, [q, k, v]), sum);
  });

  it('refuses subgraphs that change the shape', () => {
    const reduced = modifier('o = ReduceSum (s)', 'float unused = {0}');
    expect(() => run(`score_mod = ${reduced}`, [q, k, v])).toThrow('it has to keep type and shape');
  });
});

describe('CausalConvWithState', () => {
  it('is a depthwise convolution padded on the left, and hands on the last inputs', () => {
    const [x, w, b] = [floats([2, 3, 6]), floats([3, 1, 4]), floats([3])];
    const [y, state] = runNode('CausalConvWithState', [x, w, b], {}, { opset: 27, outputs: 2 });
    expectClose(y, runNode('Conv', [x, w, b], { group: 3, pads: [3, 0] })[0]);
    expect(valuesOf(state).slice(0, 3)).toEqual(valuesOf(x).slice(3, 6));
    const [silu] = runNode(
      'CausalConvWithState',
      [x, w, b],
      { activation: 'silu' },
      { opset: 27, outputs: 2 },
    );
    expectClose(silu, runNode('Swish', [y], {}, { opset: 24 })[0]);
  });

  it('rounds its sums before the activation', () => {
    // −5 − 2⁻¹⁰ is rounded to −5 in float16; its own swish would be the next number.
    const x = tensor('float16', [1, 1, 2], [-5, -(2 ** -10)]);
    const ones = tensor('float16', [1, 1, 2], [1, 1]);
    const options = { opset: 27, outputs: 2 };
    const [y] = runNode('CausalConvWithState', [x, ones], { activation: 'silu' }, options);
    const [swish] = runNode('Swish', [tensor('float16', [1], [-5])], {}, { opset: 24 });
    expect(valuesOf(y)[1]).toBe(valuesOf(swish)[0]);
  });
});

describe('SwiGLU', () => {
  it('multiplies the swish of one input with the other', () => {
    const [a, b] = [floats([2, 3]), floats([2, 3])];
    const [y] = runNode('SwiGLU', [a, b], { alpha: 1.5 }, { opset: 28 });
    const [swish] = runNode('Swish', [a], { alpha: 1.5 }, { opset: 24 });
    expectClose(y, runNode('Mul', [swish, b])[0]);
    expect(() => runNode('SwiGLU', [a, floats([3])], {}, { opset: 28 })).toThrow('does not broadcast');
  });
});
