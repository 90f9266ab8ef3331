import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modelFile, qdq, scratch, yolo } from './command.ts';

/** The report of a fixed model, as text. */
async function report(file: string, ...options: readonly string[]): Promise<string> {
  const page = scratch(`report-${Math.abs(hash(file + options.join()))}.html`);
  const { code, stderr } = await qdq(['fix', file, '--report', page, ...options]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return readFileSync(page, 'utf8');
}

function hash(text: string): number {
  return [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, 7);
}

const count = (text: string, wanted: string) => text.split(wanted).length - 1;

describe('fix --report', () => {
  it('draws both plans and every rewrite, and needs nothing beside it', async () => {
    const page = await report(yolo);
    const { rewrites, plan } = (await qdq(['fix', yolo, '--json'])).json();
    const pictures = page.slice(page.indexOf('id="rewrites"'), page.indexOf('id="scales"'));
    expect(count(pictures, '<figcaption>before')).toBe(rewrites.length);
    for (const [id, { layers, qdq: left }] of [
      ['map-before', plan.before],
      ['map-after', plan.after],
    ]) {
      const map = page.slice(page.indexOf(`id="${id}"`)).split('</svg>')[0]!;
      expect(count(map, '<g class="layer">')).toBe(layers.length);
      expect(count(map, '<g class="survivor">')).toBe(left.length);
    }
    expect(page).not.toMatch(/(src|href)="(?!#)|url\((?!#)|@import|https?:/);
    expect(page).toContain("default-src 'none'");
  });

  it('tells scale groups with the bits they lose, and what verification found', async () => {
    const page = await report(yolo, '--verify', '--samples', '1');
    expect(page).toMatch(/up to \d+\.\d\d bits lost/);
    expect(page).toMatch(/id="verification".*<code>outputs<\/code>.*SQNR|SQNR.*<code>outputs<\/code>/s);
    expect(page).toContain('Not checked');
  });

  it('shows names as they are, whatever they hold', async () => {
    const file = modelFile(
      'hostile.onnx',
      `<ir_version: 8, opset_import: ["" : 17]>
       main (float[4] "<script>alert(1)</script>") => (float[4] y) <float s = {1}, int8 z = {0}> {
         ["</svg><b>"] a = QuantizeLinear ("<script>alert(1)</script>", s, z)
         b = DequantizeLinear (a, s, z)
         ["\\"onload=\\""] c = Identity (b)
         y = Exp (c)
       }`,
    );
    const page = await report(file);
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('</svg><b>');
    expect(page).not.toContain('"onload="');
    expect(page).toContain('&#60;script&#62;');
  });

  it('says that a model has nothing to be fixed', async () => {
    const file = modelFile(
      'float.onnx',
      `<ir_version: 8, opset_import: ["" : 17]> main (float[4] x) => (float[4] y) { y = Exp (x) }`,
    );
    expect(await report(file)).toContain('Nothing to do');
  });

  it('never writes over a model, and leaves no half page', async () => {
    const file = modelFile(
      'float.onnx',
      `<ir_version: 8, opset_import: ["" : 17]> main (float[4] x) => (float[4] y) { y = Exp (x) }`,
    );
    expect((await qdq(['fix', file, '--report', file])).code).toBe(2);
    const missing = scratch('missing/report.html');
    const { code, stderr } = await qdq(['fix', file, '--report', missing]);
    expect(code).toBe(2);
    expect(stderr).toContain('report.html');
    expect(existsSync(missing)).toBe(false);
  });
});
