import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, expect, it } from 'vitest';
import { validate } from '../../src/analysis/index.ts';
import { decodeModel } from '../../src/serde/index.ts';
import { qdq } from '../cli/command.ts';
import { describeShared, sharedDir } from './paths.ts';

const models = join(sharedDir ?? '', 'models');
const names =
  sharedDir === undefined ? [] : readdirSync(models).filter((name) => /qat|qdq|ort_[us]8s8/.test(name));
const fileOf = (name: string) => join(models, name, 'model.onnx');
/** Two samples do for the large ones, which take seconds each. */
const samplesFor = (name: string) => (statSync(fileOf(name)).size > 2.5e6 ? '2' : '4');

describeShared('the command on real models', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qdq-surgeon-shared-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(names)(
    'fix %s: valid, verified, loads in ONNX Runtime, nothing to do a second time',
    async (name) => {
      const [once, twice] = [join(folder, `${name}.onnx`), join(folder, `${name}-twice.onnx`)];
      const { code, json } = await qdq([
        'fix',
        fileOf(name),
        '--target',
        'tensorrt',
        '--verify',
        '--samples',
        samplesFor(name),
        '-o',
        once,
        '--json',
      ]);
      const facts = json();
      expect(facts.verify.findings).toEqual([]);
      expect(facts.verify.equivalent).toBe(true);
      expect(facts.verifyExact?.identical ?? true).toBe(true);
      expect(code).toBe(0);
      expect(
        validate(decodeModel(readFileSync(once))).filter(({ severity }) => severity === 'error'),
      ).toEqual([]);
      await (await InferenceSession.create(once, { logSeverityLevel: 3 })).release();
      const again = (await qdq(['fix', once, '-o', twice, '--json'])).json();
      expect(again.rewrites).toEqual([]);
      expect(readFileSync(twice).equals(readFileSync(once))).toBe(true);
    },
  );

  it.each([
    ['yolov7_w025_qat', 31],
    ['yolov7_slim_qat', 31],
    ['yolov5n_qat', 2],
  ])('scales gives the pairs of the recipe for %s', async (name, count) => {
    const { pairs } = (await qdq(['scales', fileOf(name), '--policy', 'yolo-deepstream', '--json'])).json();
    expect(pairs).toHaveLength(count);
  });

  it.each(['bert_tiny_ort_qdq', 'resnet18_slim_qat', 'yolov5_slim_qat'])(
    'run %s comes close to its recorded outputs',
    async (name) => {
      const inputs = join(models, name, 'test_data_set_0');
      const { outputs } = (await qdq(['run', fileOf(name), '--inputs', inputs, '--json'])).json();
      for (const { sqnr } of outputs) expect(Number(sqnr)).toBeGreaterThanOrEqual(35);
    },
  );

  it('verify runs on the recorded inputs of a folder of samples', async () => {
    const file = fileOf('padneck_slim_qat');
    const { samples, identical } = (
      await qdq(['verify', file, file, '--inputs', join(models, 'padneck_slim_qat'), '--json'])
    ).json();
    expect([samples, identical]).toEqual([['given'], true]);
  });
});
