import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { execute, groupIntegers } from '../../src/runtime/index.ts';
import { printModel } from '../../src/serde/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { runInEngine } from '../support/engine.ts';
import { networks } from '../support/quantized-networks.ts';
import { attentionBlock } from './groups-attention.ts';
import { operatorCounts, optimizedByEngine } from './optimized.ts';

/** Random networks of pairs, copies, Concats and pools: what holds of the groups of any model. */

const seed = 20;

/** ONNX Runtime moves Transposes about before it groups, which these groups do not follow. */
const unturned = networks.filter(({ graph }) => graph.nodes.every(({ opType }) => opType !== 'Transpose'));

describe('groups', () => {
  it('are those of ONNX Runtime, and give its bits', async () => {
    await fc.assert(
      fc.asyncProperty(unturned, async (model) => {
        const theirs = await optimizedByEngine(model);
        const { model: ours } = groupIntegers(model);
        expect(operatorCounts(ours)).toEqual(operatorCounts(theirs));
        const inputs = inputsOf(model);
        const want = await runInEngine(theirs, inputs);
        for (const [name, got] of execute(ours, inputs))
          expect(got.toTypedArray(), name).toEqual(want.get(name)!.toTypedArray());
      }),
      { numRuns: 60, seed },
    );
  });

  it('of attention blocks are those of ONNX Runtime', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (blockSeed) => {
        const model = attentionBlock(blockSeed);
        const theirs = operatorCounts(await optimizedByEngine(model));
        const ours = operatorCounts(groupIntegers(model).model);
        expect(countsOf(ours, decided)).toEqual(countsOf(theirs, decided));
      }),
      { numRuns: 60, seed },
    );
  });

  it('of TensorRT give the bits of the literal graph where nothing is computed', () => {
    fc.assert(
      fc.property(networks, (model) => {
        const inputs = inputsOf(model);
        const literal = execute(model, inputs);
        const integer = execute(model, inputs, { arithmetic: 'integer', engine: 'tensorrt' });
        for (const [name, want] of literal)
          expect(integer.get(name)!.toTypedArray(), name).toEqual(want.toTypedArray());
      }),
      { numRuns: 150, seed },
    );
  });

  it.each(['onnxruntime', 'tensorrt'] as const)(
    'of %s are found once, and leave the model as it was',
    (engine) => {
      fc.assert(
        fc.property(networks, (model) => {
          const text = printModel(model);
          const { model: grouped, groups } = groupIntegers(model, { engine });
          expect(printModel(model)).toBe(text);
          const nodes = new Set(model.graph.nodes);
          for (const group of groups) {
            for (const node of [...group.nodes, group.target]) expect(nodes.has(node)).toBe(true);
            expect(group.nodes).toContain(group.target);
            expect(grouped.graph.nodes.map(({ outputs }) => outputs[0])).toContain(group.fused.outputs[0]);
          }
          expect(groupIntegers(grouped, { engine }).groups).toEqual([]);
          expect(grouped.graph.outputs).toEqual(model.graph.outputs);
        }),
        { numRuns: 100, seed },
      );
    },
  );
});

/** Operators that tell what became of quantizers; how floats are fused is another matter. */
const decided = /^(?:Q|DequantizeLinear|MatMulInteger|MatMulNBits|Gemm|Reshape|Concat)/;

function countsOf(counts: ReadonlyMap<string, number>, which: RegExp): Record<string, number> {
  return Object.fromEntries([...counts].filter(([opType]) => which.test(opType)));
}

function inputsOf(model: Model): Map<string, Tensor> {
  const random = createRandom(3);
  return new Map(
    model.graph.inputs.map(({ name, type }) => {
      const dims = type?.kind === 'tensor' ? type.shape!.map(({ value }) => value!) : [];
      const count = dims.reduce((a, b) => a * b, 1);
      const values = Array.from({ length: count }, () => Math.fround((random.uniform() - 0.5) * 600));
      return [name, tensor('float32', dims, values)];
    }),
  );
}
