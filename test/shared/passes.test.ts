import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalHash, pairsOf, validate } from '../../src/analysis/index.ts';
import { type Model, type Tensor, viewOf } from '../../src/ir/index.ts';
import {
  foldConstants,
  removeDeadValues,
  removeIdentity,
  scaleGroups,
  unifyScales,
  yoloDeepstreamPairs,
} from '../../src/passes/index.ts';
import { pipeline, type Rewritten, rewrite } from '../../src/rewrite/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { tensorrt } from '../../src/targets/index.ts';
import { runInEngine } from '../support/engine.ts';
import { shuffled } from '../support/shuffle.ts';
import { apply } from '../support/text.ts';
import { unequalScales } from '../support/unequal-scales.ts';
import { describeShared, sharedDir } from './paths.ts';

const folder = (name: string) => join(sharedDir!, 'models', name);
const names =
  sharedDir === undefined
    ? []
    : readdirSync(join(sharedDir, 'models')).filter((name) => existsSync(join(folder(name), 'model.onnx')));
const quantized = names.filter((name) => !name.endsWith('_float'));
const withData = names.filter((name) => existsSync(join(folder(name), 'test_data_set_0')));

const load = (name: string): Model => decodeModel(readFileSync(join(folder(name), 'model.onnx')));

function inputsOf(name: string, model: Model): ReadonlyMap<string, Tensor> {
  const read = (i: number) =>
    decodeTensor(readFileSync(join(folder(name), 'test_data_set_0', `input_${i}.pb`)));
  return new Map(model.graph.inputs.map((input, i) => [input.name, read(i)]));
}

/** How often each operator occurs. */
function operators(model: Model): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of model.graph.nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return counts;
}

function errorsOf(model: Model): readonly unknown[] {
  return validate(model).filter(({ severity }) => severity === 'error');
}

/** The signal of `a` over the difference to `b`, in dB. */
function sqnr(a: Tensor, b: Tensor): number {
  const [left, right] = [a.toTypedArray() as Float32Array, b.toTypedArray() as Float32Array];
  let [signal, noise] = [0, 0];
  left.forEach((x, i) => {
    signal += x * x;
    noise += (x - right[i]!) ** 2;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}

/** What `tensorrt()` makes of a model, once for all tests. */
const fixedModels = new Map<string, Rewritten>();
function fixed(name: string): Rewritten {
  const result = fixedModels.get(name) ?? rewrite(load(name), tensorrt());
  fixedModels.set(name, result);
  return result;
}

const cleanup = pipeline('cleanup', removeIdentity, foldConstants(), removeDeadValues);
const exact = tensorrt().only(
  ...tensorrt().members.flatMap(({ name, effect }) => (effect === 'exact' ? [name] : [])),
);

describeShared('passes on the shared models', () => {
  it.each(withData.filter((name) => !/w025|yolov5n/.test(name)))(
    'and exact rules change no bit of %s',
    (name) => {
      const before = load(name);
      const after = rewrite(before, exact).model;
      const inputs = inputsOf(name, before);
      const [wanted, found] = [execute(before, inputs), execute(after, inputs)];
      expect([...wanted.keys()]).toEqual(before.graph.outputs.map((output) => output.name));
      for (const [output, value] of wanted)
        expect(found.get(output)!.toBytes(), output).toEqual(value.toBytes());
    },
  );

  it('leave nothing of the clutter the exporter wrote around weights and pads', () => {
    const after = rewrite(load('padneck_qat'), cleanup).model;
    expect([...operators(after)].sort()).toEqual([
      ['BatchNormalization', 20],
      ['Concat', 1],
      ['Constant', 78],
      ['Conv', 24],
      ['ConvTranspose', 1],
      ['DequantizeLinear', 46],
      ['Exp', 1],
      ['Pad', 11],
      ['QuantizeLinear', 46],
      ['Relu', 20],
      ['Sigmoid', 1],
    ]);
    const weights = pairsOf(after).filter(({ kind }) => kind === 'weight');
    expect(weights).toHaveLength(25);
    for (const { scale, tensor } of weights) expect(scale, tensor).toBeDefined();
  });

  it('find the published pairs of YOLOv7, and those of YOLOv5', () => {
    const published = [
      ...['6 11', '8 11', '14 13', '19 24', '21 24', '27 26', '32 37', '34 37', '40 39', '45 50', '47 50'],
      ...['58 63', '59 63', '60 63', '61 63', '70 75', '71 75', '72 75', '73 75', '78 77', '64 81'],
      ...['83 88', '84 88', '85 88', '86 88', '91 90', '52 94', '96 101', '97 101', '98 101', '99 101'],
    ];
    for (const name of ['yolov7_w025_qat', 'yolov7_slim_qat']) {
      const pairs = yoloDeepstreamPairs(load(name));
      const short = pairs.map(({ sub, major }) => `${sub} ${major}`.replaceAll(/model\.|\.conv/g, ''));
      expect(pairs).toHaveLength(31);
      expect([...short].sort()).toEqual([...published].sort());
      expect(pairs).toContainEqual({ sub: 'model.6.conv', major: 'model.11.conv' });
    }
    expect(yoloDeepstreamPairs(load('yolov5n_qat'))).toHaveLength(2);
  });

  describe.each(['yolov7_w025_qat', 'yolov7_slim_qat', 'yolov5n_qat', 'padneck_qat'])(
    'unify-scales on %s',
    (name) => {
      it('leaves no Concat or MaxPool with unequal scales around it, but those it names', () => {
        const { model: after, trace } = rewrite(load(name), unifyScales());
        const findings = trace.findings.map(({ message }) => message).join('\n');
        for (const { tensors } of unequalScales(after))
          for (const tensor of tensors) expect(findings).toContain(`"${tensor}"`);
        expect(unequalScales(after)).toHaveLength(name === 'yolov7_slim_qat' ? 1 : 0);
      });

      it('gives the same whatever the order of nodes and the names', () => {
        const before = load(name);
        const hash = canonicalHash(apply(unifyScales(), before));
        for (const seed of [1, 2, 3])
          expect(canonicalHash(apply(unifyScales(), shuffled(before, seed)))).toBe(hash);
      });
    },
  );

  it('unify-scales joins at least what the recipe for YOLOv7 does', () => {
    const model = load('yolov7_w025_qat');
    const groups = scaleGroups(model, { policy: 'yolo-deepstream' });
    const whole = scaleGroups(model).map(({ members }) => new Set(members.map(({ quantizer }) => quantizer)));
    for (const { members } of groups)
      expect(whole.some((group) => members.every(({ quantizer }) => group.has(quantizer)))).toBe(true);
  });
});

describeShared('the TensorRT pipeline on the shared models', () => {
  it.each(quantized)('settles on %s, and gives a valid model that a second run leaves alone', (name) => {
    const before = load(name);
    const { model: after, trace } = fixed(name);
    expect(trace.stop.kind).toBe('complete');
    expect(errorsOf(after)).toEqual([]);
    expect(rewrite(after, tensorrt()).model).toBe(after);
    expect(after.graph.outputs.map(({ name }) => name)).toEqual(before.graph.outputs.map(({ name }) => name));
    const codes = rewrite(before, tensorrt({ int8Output: true })).model;
    expect(errorsOf(codes)).toEqual([]);
    expect(rewrite(codes, tensorrt({ int8Output: true })).model).toBe(codes);
  });

  it.each(quantized.filter((name) => withData.includes(name)))(
    'gives a model that ONNX Runtime runs: %s',
    async (name) => {
      const before = load(name);
      const { model: after } = fixed(name);
      const inputs = inputsOf(name, before);
      const [engine, ours] = [await runInEngine(after, inputs), execute(after, inputs)];
      // A tie that falls the other way travels through a network of random weights; wrong wiring leaves nothing at all.
      for (const [output, value] of ours)
        expect(sqnr(value, engine.get(output)!), output).toBeGreaterThan(10);
    },
  );

  it('leaves no quantizer between Pad and Conv, and no batch norm', () => {
    const after = fixed('padneck_qat').model;
    const view = viewOf(after);
    const pads = after.graph.nodes.filter(({ opType }) => opType === 'Pad');
    expect(pads).toHaveLength(11);
    for (const pad of pads) {
      expect(view.uses(pad.outputs[0]!).map(({ node }) => node.opType)).toEqual(['Conv']);
      expect(view.producer(pad.inputs[0]!)?.opType).toBe('DequantizeLinear');
    }
    for (const name of ['padneck_qat', 'resnet18_qat', 'mobilenetv2_slim_qat'])
      expect(operators(fixed(name).model).get('BatchNormalization')).toBeUndefined();
  });
});
