import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { encodeTensor } from '../../src/serde/index.ts';
import { modelFile, qdq, scratch } from './command.ts';

const model = modelFile(
  'conv.onnx',
  `<ir_version: 8, opset_import: ["" : 17]>
   main (float[1,2,2,2] x) => (float[1,2,2,2] y)
   <float s = {0.02}, int8 z = {0}, float t = {0.01}, float[2,2,1,1] w = {0.5, -0.25, 1, 0.3}> {
     q = QuantizeLinear (x, s, z)
     d = DequantizeLinear (q, s, z)
     wq = QuantizeLinear (w, t, z)
     wd = DequantizeLinear (wq, t, z)
     c = Conv (d, wd)
     y = Neg (c)
   }`,
);

const inputs = scratch('inputs');
mkdirSync(inputs);
const sample = tensor('float32', [1, 2, 2, 2], [1, -1, 0.5, 2, -2, 0, 0.25, 1]);
writeFileSync(join(inputs, 'input_0.pb'), encodeTensor(sample));

const fix = (...more: string[]) => qdq(['fix', model, '--target', 'onnxruntime', ...more]);

describe('fix --target onnxruntime', () => {
  it('measures ranges on recorded inputs, and tells plans before and after', async () => {
    const { code, json, stderr } = await fix('--calibrate', inputs, '--verify', '--inputs', inputs, '--json');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const { plan, rewrites, verifyExact } = json();
    expect([plan.before.totals.i8i8, plan.after.totals.i8i8]).toEqual([0, 1]);
    const measured = rewrites.find(({ rule }: { rule: string }) => rule === 'quantize-values');
    expect(measured.note).toContain('measured on 1 recorded input');
    expect(verifyExact.identical).toBe(true);
  });

  it('changes nothing the second time', async () => {
    const once = scratch('once.onnx');
    await fix('--calibrate', inputs, '-o', once);
    const again = await qdq(['fix', once, '--target', 'onnxruntime', '--calibrate', inputs]);
    expect(again.stdout).toContain('Nothing to do');
  });

  it('warns loudly of ranges measured on generated inputs', async () => {
    const { stderr, code } = await fix('--samples', '1', '--seed', '3');
    expect(stderr).toContain('WARNING: ranges were measured on generated inputs');
    expect(code).toBe(0);
  });

  it('refuses --calibrate where nothing is measured', async () => {
    const { code, stderr } = await qdq(['fix', model, '--calibrate', inputs]);
    expect(code).toBe(2);
    expect(stderr).toContain('--calibrate is of no use for tensorrt');
  });
});
