import { describe, expect, it } from 'vitest';
import { modelFile, qdq, yolo } from './command.ts';

const unsigned = `<ir_version: 8, opset_import: ["" : 17]> main (float[4] x) => (float[4] y)
  <float s = {1}, uint8 z = {128}> {
    [q] a = QuantizeLinear (x, s, z)
    [dq] b = DequantizeLinear (a, s, z)
    y = Exp (b)
  }`;

describe('lint', () => {
  it('ends with 1 on findings and tells what they cost and what mends them', async () => {
    const file = modelFile('unsigned.onnx', unsigned);
    const { code, stdout } = await qdq(['lint', file, '--target', 'tensorrt@11']);
    expect(code).toBe(1);
    expect(stdout).toContain('4 findings, 4 of them errors');
    expect(stdout).toContain('E1 a zero point that is not 0 (2 places)');
    expect(stdout).toContain('costs: refused: TensorRT quantizes symmetrically');
    expect(stdout).toContain('mended by: uint8-to-int8');
    expect(stdout).toContain('- q: the zero point is 128');
  });

  it('gives the same as JSON', async () => {
    const file = modelFile('unsigned.onnx', unsigned);
    const { code, json } = await qdq(['lint', file, '--json']);
    expect(code).toBe(1);
    expect(json().target).toBe('tensorrt@10');
    expect(json().findings[0]).toEqual({
      id: 'E1',
      severity: 'error',
      graph: 'main',
      at: 'q',
      message: 'the zero point is 128',
      cost: 'refused: TensorRT quantizes symmetrically',
      rule: 'uint8-to-int8',
    });
  });

  it('ends with 0 when there is nothing to say, with 2 when the target is none', async () => {
    const file = modelFile('unsigned.onnx', unsigned);
    const fine = await qdq(['lint', file, '--target', 'onnxruntime']);
    expect(fine.code).toBe(0);
    expect(fine.stdout).toContain('nothing found');
    expect((await qdq(['lint', file, '--target', 'tflite'])).code).toBe(2);
  });

  it('lists the first places of each finding, all of them with --all', async () => {
    const short = await qdq(['lint', yolo, '--target', 'onnxruntime']);
    expect(short.stdout).toContain('more: --all lists them');
    const all = await qdq(['lint', yolo, '--target', 'onnxruntime', '--all']);
    expect(all.stdout).not.toContain('more: --all lists them');
  });
});
