import { describe, expect, it } from 'vitest';
import { modelFile, qdq, yolo } from './command.ts';

describe('plan', () => {
  it('gives layers, survivors and totals as JSON', async () => {
    const { code, json } = await qdq(['plan', yolo, '--target', 'tensorrt@8.6', '--json']);
    const { target, layers, qdq: left, totals, bytes } = json();
    expect(code).toBe(0);
    expect(target).toBe('tensorrt@8.6');
    expect(layers[0]).toEqual({
      name: '/model.0/conv/Conv',
      kind: 'Conv',
      fused: 'W + Conv + SiLU',
      in: 'I8',
      out: 'I8',
      residual: null,
      nodes: ['/model.0/conv/Conv', '/model.0/act/Sigmoid', '/model.0/act/Mul'],
      reads: ['images'],
      writes: ['/model.0/act/Mul_output_0'],
    });
    expect(left[0]).toEqual({
      kind: 'Q',
      tensor: 'images',
      readers: ['/model.0/conv/Conv'],
      bytes: 3 * 128 * 128 * 5,
      law: 'L7',
      why: 'images is a graph input of floats',
      rule: 'int8-input',
    });
    expect(totals.qdq).toBe(left.length);
    expect(totals.i8i8 + totals.i8f).toBe(89);
    expect(bytes).toBe(left.reduce((sum: number, one: { bytes: number }) => sum + one.bytes, 0));
  });

  it('tells people what stays, why, and what removes it', async () => {
    const { code, stdout } = await qdq(['plan', yolo]);
    expect(code).toBe(0);
    expect(stdout).toContain('on tensorrt@10');
    expect(stdout).toMatch(/Q +images +246 KB +L7 +int8-input/);
    expect(stdout).toContain('Where time goes that a float model does not spend:');
    expect(stdout).toContain('--all lists them');
    expect((await qdq(['plan', yolo, '--all'])).stdout).not.toContain('--all lists them');
  });

  it('says that bytes are unknown where shapes are, and what it does not know', async () => {
    const file = modelFile(
      'unknown.onnx',
      `<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
       main (float[N,C] x) => (y) <float s = {1}, int8 z = {0}> {
         a = QuantizeLinear (x, s, z)
         b = DequantizeLinear (a, s, z)
         [strange] y = local.Strange (b)
       }`,
    );
    const { json } = await qdq(['plan', file, '--json']);
    expect(json()).toMatchObject({
      bytes: null,
      qdq: [
        { kind: 'Q', tensor: 'x', bytes: null },
        { kind: 'DQ', tensor: 'x', bytes: null },
      ],
      opaque: [{ name: 'strange', operator: 'local::Strange' }],
    });
    const { stdout } = await qdq(['plan', file]);
    expect(stdout).toContain('move unknown');
    expect(stdout).toContain('local::Strange strange');
  });

  it('refuses targets it does not know', async () => {
    const { code, stderr } = await qdq(['plan', yolo, '--target', 'tensorrt@9']);
    expect(code).toBe(2);
    expect(stderr).toContain('tensorrt@8.6');
  });

  it('is part of what fix tells: before and after', async () => {
    const { json } = await qdq(['fix', yolo, '--json']);
    const { before, after } = json().plan;
    expect({ file: yolo, ...before }).toEqual((await qdq(['plan', yolo, '--json'])).json());
    expect(before.totals.qdq).toBeGreaterThan(after.totals.qdq);
    expect(before.bytes).toBeGreaterThan(after.bytes);
    const { stdout } = await qdq(['fix', yolo]);
    expect(stdout).toContain('What tensorrt@10 makes of it');
    expect(stdout).toMatch(new RegExp(`Q and DQ that survive +${before.totals.qdq} +${after.totals.qdq}`));
  });

  it('is followed by what could go with consent', async () => {
    const { stdout } = await qdq(['fix', yolo]);
    expect(stdout).toContain('1 node by int8-input: --allow int8-input');
    const allowed = await qdq(['fix', yolo, '--allow', 'int8-input']);
    expect(allowed.stdout).not.toContain('More could go');
    expect(allowed.stdout).toContain('int8-input (1 rewrite) changes the type of a graph input or output');
    expect((await qdq(['fix', yolo, '--allow', 'everything'])).code).toBe(2);
  });
});
