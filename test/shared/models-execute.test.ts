import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeModel } from '../../src/serde/index.ts';
import { decibels, measureModel, recordedModels } from './accuracy.ts';
import { describeShared, sharedDir } from './paths.ts';

describeShared('execute on the shared models', () => {
  const folder = `${sharedDir}/models`;
  const page = readFileSync(new URL('../../docs/accuracy.md', import.meta.url), 'utf8');

  it.each(recordedModels(folder))('%s meets its recorded outputs', (name) => {
    for (const { output, quantized, decibels } of measureModel(folder, name))
      expect(decibels, `${name} ${output}`).toBeGreaterThanOrEqual(quantized ? 35 : 80);
    expect(page).toContain(`| ${name} |`);
  });

  it.each(['resnet18_ort_u8s8', 'yolov7_w025_ort_u8s8'])(
    '%s computes what ONNX Runtime does',
    async (name) => {
      const bytes = readFileSync(`${folder}/${name}/model.onnx`);
      const model = decodeModel(bytes);
      const input = model.graph.inputs[0]!;
      const dims = input.type?.kind === 'tensor' ? input.type.shape!.map(({ value }) => value ?? 1) : [];
      const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) =>
        Math.sin(i / 100),
      );
      const session = await ort.InferenceSession.create(bytes, {
        graphOptimizationLevel: 'disabled',
        intraOpNumThreads: 16,
        logSeverityLevel: 3,
      });
      const theirs = await session.run({ [input.name]: new ort.Tensor('float32', values, dims) });
      for (const [output, y] of execute(model, [[input.name, tensor('float32', dims, values)]]))
        expect(
          decibels(y.toTypedArray() as Float32Array, theirs[output]!.data as Float32Array),
        ).toBeGreaterThan(35);
    },
  );
});
