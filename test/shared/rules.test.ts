import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { equalTensors, validate } from '../../src/analysis/index.ts';
import { type Model, type Node, type Tensor, viewOf } from '../../src/ir/index.ts';
import { foldConstants, removeIdentity } from '../../src/passes/index.ts';
import { rewrite, ruleSet } from '../../src/rewrite/index.ts';
import {
  catalogue,
  foldBatchNormIntoQuantizedConv,
  fuse,
  quantizeBeforePad,
  simplify,
} from '../../src/rules/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { runInEngine } from '../support/engine.ts';
import { describeShared, sharedDir } from './paths.ts';

const exact = ruleSet(
  'exact',
  [...catalogue].filter(({ effect }) => effect === 'exact'),
).without('quantize-after-resize', 'unfold-weight-quantizer', 'restore-enforced-relu');
const folded = [removeIdentity, foldConstants()];

describeShared('rules on real models', () => {
  describe('fold-batch-norm-into-quantized-conv', () => {
    it.each(['resnet18_slim_qat', 'resnet18_qat', 'mobilenetv2_slim_qat', 'padneck_slim_qat', 'padneck_qat'])(
      'folds every batch norm of %s',
      async (name) => {
        const { before, inputs } = load(name);
        const { model: after, trace } = rewrite(rewrite(before, folded).model, fuse);
        const norms = before.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization');
        expect(norms.length).toBeGreaterThan(10);
        expect(trace.counts()).toEqual(new Map([['fold-batch-norm-into-quantized-conv', norms.length]]));
        expect(validate(after).filter(({ severity }) => severity === 'error')).toEqual([]);
        // Behind the first batch norm only floats have been rounded; further on a code at a tie may flip, and travel.
        const first = norms[0]!.outputs[0]!;
        const [was, is] = [before, after].map(
          (model) => execute(model, inputs, { outputs: [first] }).get(first)!,
        );
        expect(decibels(is!, was!)).toBeGreaterThan(110);
        const [wanted, given] = [await runInEngine(before, inputs), await runInEngine(after, inputs)];
        for (const [output, value] of wanted) expect(decibels(given.get(output)!, value)).toBeGreaterThan(25);
      },
    );

    it.each(['resnet18_slim_qat', 'resnet18_qat'])(
      'keeps the int8 codes of %s, but where a gain is zero',
      async (name) => {
        const { before, inputs } = load(name);
        const after = rewrite(before, foldBatchNormIntoQuantizedConv).model;
        const [were, are] = [weights(before), weights(after)];
        expect(are.map(({ conv }) => conv)).toEqual(were.map(({ conv }) => conv));
        const [old, now] = [codes(before, inputs, were), codes(after, inputs, are)];
        let cleared = 0;
        old.forEach((tensor, i) => {
          if (equalTensors(tensor, now[i]!)) return;
          expect(gains(before, were[i]!.conv)).toEqual(gains(before, were[i]!.conv).map(() => 0));
          expect(new Set(now[i]!.toTypedArray() as Int8Array)).toEqual(new Set([0]));
          cleared++;
        });
        expect(cleared).toBe(name === 'resnet18_qat' ? 8 : 0);
      },
    );
  });

  it('quantize-before-pad leaves no quantizer between a Pad and a convolution of padneck_qat', async () => {
    const { before, inputs } = load('padneck_qat');
    const after = rewrite(before, [folded, quantizeBeforePad]).model;
    const view = viewOf(after);
    const pads = after.graph.nodes.filter(({ opType }) => opType === 'Pad');
    expect(pads.length).toBe(11);
    for (const pad of pads) {
      expect(view.uses(pad.outputs[0]!).map(({ node }) => node.opType)).toEqual(['Conv']);
      expect(view.producer(pad.inputs[0]!)?.opType).toBe('DequantizeLinear');
    }
    const [wanted, given] = [await runInEngine(before, inputs), await runInEngine(after, inputs)];
    for (const [output, value] of wanted) expect(equalTensors(given.get(output)!, value)).toBe(true);
  });

  describe('exact rules change no bit', () => {
    it.each(['padneck_slim_qat', 'padneck_qat', 'resnet18_qat', 'bert_tiny_ort_qdq'])(
      'of %s',
      async (name) => {
        const { before, inputs } = load(name);
        const after = rewrite(before, exact).model;
        expect(after).not.toBe(before);
        expect(rewrite(after, exact).model).toBe(after);
        const [wanted, given] = [await runInEngine(before, inputs), await runInEngine(after, inputs)];
        for (const [output, value] of wanted) expect(equalTensors(given.get(output)!, value)).toBe(true);
      },
    );
  });

  it('exact rules change no bit of padneck_slim_qat in the reference executor', () => {
    const { before, inputs } = load('padneck_slim_qat');
    const after = rewrite(before, exact).model;
    expect(after).not.toBe(before);
    const [wanted, given] = [execute(before, inputs), execute(after, inputs)];
    for (const [output, value] of wanted) expect(equalTensors(given.get(output)!, value)).toBe(true);
  });

  it('simplify finds nothing to share in a model that has every quantizer once', () => {
    const { before } = load('yolov7_slim_qat');
    expect(rewrite(before, simplify).model).toBe(before);
  });
});

function load(name: string): { readonly before: Model; readonly inputs: ReadonlyMap<string, Tensor> } {
  const folder = join(sharedDir!, 'models', name);
  const before = decodeModel(readFileSync(join(folder, 'model.onnx')));
  const read = (i: number) => decodeTensor(readFileSync(join(folder, 'test_data_set_0', `input_${i}.pb`)));
  return { before, inputs: new Map(before.graph.inputs.map((input, i) => [input.name, read(i)])) };
}

interface Weight {
  readonly conv: string;
  readonly codes: string;
}

/** The quantized weights of every convolution, in graph order: its node's name, and the value that holds the codes. */
function weights(model: Model): readonly Weight[] {
  const view = viewOf(model);
  return model.graph.nodes
    .filter(({ opType }) => opType === 'Conv')
    .map((conv) => ({ conv: conv.name!, codes: view.producer(conv.inputs[1]!)!.inputs[0]! }));
}

function codes(model: Model, inputs: ReadonlyMap<string, Tensor>, of: readonly Weight[]): readonly Tensor[] {
  const outputs = of.map(({ codes }) => codes);
  const values = execute(model, inputs, { outputs });
  return outputs.map((name) => values.get(name)!);
}

/** The gamma of the batch norm that reads a convolution. */
function gains(model: Model, conv: string): readonly number[] {
  const node = model.graph.nodes.find(({ name }) => name === conv)!;
  const norm = viewOf(model).uses(node.outputs[0]!)[0]!.node;
  return Array.from(constantOf(model, norm.inputs[1]!).toTypedArray() as Float32Array);
}

function constantOf(model: Model, name: string): Tensor {
  const producer: Node | undefined = viewOf(model).producer(name);
  if (producer?.opType === 'Identity') return constantOf(model, producer.inputs[0]!);
  return model.graph.initializers.find((tensor) => tensor.name === name)!;
}

/** Signal over difference, in dB. */
function decibels(given: Tensor, wanted: Tensor): number {
  const [a, b] = [given.toTypedArray() as Float32Array, wanted.toTypedArray() as Float32Array];
  let [signal, noise] = [0, 0];
  b.forEach((value, i) => {
    signal += value ** 2;
    noise += (value - a[i]!) ** 2;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
