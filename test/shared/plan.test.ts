import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { planTable, withTable } from '../../scripts/plan-table.ts';
import type { Model } from '../../src/ir/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { decodeModel } from '../../src/serde/index.ts';
import { consentNames, lint, lintTargets, plan, planTargets, tensorrt } from '../../src/targets/index.ts';
import { describeShared, sharedDir } from './paths.ts';

const target = 'tensorrt@10';

describeShared('the plan forecast of real exports', () => {
  it('counts the layers of a ResNet-18 without quantizers on its residuals', () => {
    expect(plan(load('resnet18_slim_qat'), { target }).totals).toEqual({
      i8i8: 8,
      i8f: 5,
      i8i8_residual: 0,
      i8f_residual: 8,
      qdq: 10,
      scale: 0,
    });
  });

  it('counts those of one with quantized residuals, whose scales are almost alike', () => {
    const exported = load('resnet18_slim_residual_qat');
    const { layers, totals, possible } = plan(exported, { target });
    expect(totals).toEqual({ i8i8: 12, i8f: 1, i8i8_residual: 7, i8f_residual: 1, qdq: 3, scale: 0 });
    expect(layers.filter(({ kind }) => kind === 'ConvActPool').length).toBe(1);
    // Three residuals are quantized a little otherwise than for the convolution that reads the same value.
    for (const tensor of ['/mp/MaxPool_output_0', '/relu_2/Relu_output_0', '/relu_6/Relu_output_0'])
      expect(possible.join('\n')).toContain(`The quantizers of "${tensor}" have almost the same scale`);
    const shared = plan(rewrite(exported, tensorrt().only('unify-scales')).model, { target });
    expect(shared.totals).toEqual(totals);
    expect(shared.possible.join('\n')).not.toContain('almost the same scale');
  });

  it('reaches them from the export without quantized residuals, when these are allowed', () => {
    const before = load('resnet18_slim_qat');
    const after = rewrite(before, tensorrt({ allow: ['residuals'] })).model;
    const { totals } = plan(after, { target });
    expect(totals).toEqual({ i8i8: 12, i8f: 1, i8i8_residual: 7, i8f_residual: 1, qdq: 3, scale: 0 });
    const all = rewrite(before, tensorrt({ allow: ['residuals', 'average-pools'] })).model;
    expect(plan(all, { target }).qdq.map(({ tensor }) => tensor)).toEqual(['images']);
  });

  it('finds every Pad of a neck inside its convolution after fixing, and nothing between layers', () => {
    const { layers, qdq } = plan(rewrite(load('padneck_qat'), tensorrt()).model, { target });
    expect(layers.filter(({ kind }) => kind === 'Pad')).toEqual([]);
    expect(layers.filter(({ fused }) => fused.startsWith('Pad + W + Conv')).length).toBe(11);
    expect(qdq.map(({ kind, tensor }) => `${kind} ${tensor}`)).toEqual(['Q images']);
  });

  it('is what docs/plan.md says: npm run docs:plan changes nothing', { timeout: 120_000 }, () => {
    const page = readFileSync(new URL('../../docs/plan.md', import.meta.url), 'utf8');
    expect(withTable(page, planTable())).toBe(page);
  });

  it('names rules and passes that there are', () => {
    const known = new Set(
      [...catalogue, ...tensorrt({ allow: consentNames }).members].map(({ name }) => name),
    );
    for (const name of readdirSync(join(sharedDir!, 'models'), { withFileTypes: true })) {
      if (!name.isDirectory()) continue;
      const rules = plan(load(name.name), { target }).qdq.flatMap(({ rule }) => rule ?? []);
      expect(rules.filter((rule) => !known.has(rule))).toEqual([]);
    }
  });

  it('never makes a real network move more bytes between layers', () => {
    for (const name of [
      'yolov7_w025_qat',
      'yolov5n_qat',
      'padneck_qat',
      'resnet18_qat',
      'mobilenetv2_ort_s8s8',
    ]) {
      const before = load(name);
      const [was, is] = [before, rewrite(before, tensorrt()).model].map((model) => plan(model, { target }));
      expect(is!.bytes, name).toBeLessThanOrEqual(was!.bytes!);
    }
  });

  it('counts those of a MobileNetV2', () => {
    expect(plan(load('mobilenetv2_slim_qat'), { target }).totals).toEqual({
      i8i8: 36,
      i8f: 7,
      i8i8_residual: 0,
      i8f_residual: 10,
      qdq: 17,
      scale: 0,
    });
  });
});

describeShared('plans and lints of the conformance models', () => {
  it('come to an end for every target, whatever the operators', { timeout: 60_000 }, () => {
    const folder = join(sharedDir!, 'conformance', 'node');
    const names = readdirSync(folder).filter((name) =>
      /quantize|conv|pool|pad|concat|if|loop|scan/.test(name),
    );
    expect(names.length).toBeGreaterThan(100);
    for (const name of names) {
      const model = decodeModel(readFileSync(join(folder, name, 'model.onnx')));
      for (const each of planTargets) expect(plan(model, { target: each }).target).toBe(each);
      for (const each of lintTargets) expect(Array.isArray(lint(model, { target: each }))).toBe(true);
    }
  });
});

function load(name: string): Model {
  return decodeModel(readFileSync(join(sharedDir!, 'models', name, 'model.onnx')));
}
