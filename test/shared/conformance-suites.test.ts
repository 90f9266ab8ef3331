import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadModel } from '../../src/node/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { decodeTensor } from '../../src/serde/index.ts';
import { compare, runCase } from './conformance.ts';
import { describeShared, sharedDir } from './paths.ts';

describeShared('conformance suites', () => {
  /** How many of each suite pass; the rest needs sequences, strings or training. */
  it.each([
    ['pytorch-converted', 50],
    ['pytorch-operator', 23],
    ['simple', 5],
  ])('%s', (suite, floor) => {
    const folder = `${sharedDir}/conformance/${suite}`;
    const verdicts = readdirSync(folder).map((name) => ({ name, ...runCase(`${folder}/${name}`) }));
    const passed = verdicts.filter(({ kind }) => kind === 'passed').length;
    console.log(`${suite}: ${passed} passed of ${verdicts.length}`);
    expect(verdicts.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(floor);
  });

  it('ort: quantized models of ONNX Runtime meet their goldens', async () => {
    const models = modelsIn(`${sharedDir}/conformance/ort`).filter((path) => existsSync(goldenOf(path)));
    for (const path of models) {
      const model = await loadModel(path);
      const read = (file: string) => decodeTensor(readFileSync(`${goldenOf(path)}/${file}.pb`));
      const constants = new Set(model.graph.initializers.map(({ name }) => name));
      const names = model.graph.inputs.map(({ name }) => name).filter((name) => !constants.has(name));
      const outputs = execute(
        model,
        names.map((name, i) => [name, read(`input_${i}`)] as const),
      );
      for (const [i, got] of [...outputs.values()].entries())
        expect(compare(got, read(`output_${i}`)), path).toBeUndefined();
    }
    expect(models.length).toBe(41);
  });
});

function modelsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => `${folder}/${file}`);
}

function goldenOf(path: string): string {
  return `${path.replace('/ort/', '/ort-goldens/').replace(/\.onnx$/, '')}/test_data_set_0`;
}
