import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { decodeModel, encodeModel, parseModel, printModel } from '../../src/serde/index.ts';
import { isDeepFrozen, plain } from '../serde/text/plain.ts';
import { describeShared, sharedDir } from './paths.ts';

const largest = 1_000_000;

function modelFiles(): readonly string[] {
  return readdirSync(sharedDir!, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.onnx'))
    .map((path) => join(sharedDir!, path))
    .filter((path) => statSync(path).size < largest);
}

describeShared('ONNX text of the shared models', () => {
  it('reads back to equal models, which can be encoded, and prints the same again', () => {
    const files = modelFiles();
    expect(files.length).toBeGreaterThan(900);
    for (const path of files) {
      const name = relative(sharedDir!, path);
      const model = decodeModel(readFileSync(path));
      const text = printModel(model);
      const back = parseModel(text);
      expect(plain(back), name).toEqual(plain(model));
      expect(plain(decodeModel(encodeModel(back))), name).toEqual(plain(model));
      expect(isDeepFrozen(back), name).toBe(true);
      expect(printModel(back), name).toBe(text);
    }
  });
});
