import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dataTypes, tensor } from '../../../src/ir/index.ts';
import { model, parseModel, printModel } from '../../../src/serde/index.ts';
import { plain } from './plain.ts';

const page = readFileSync(new URL('../../../docs/onnx-text.md', import.meta.url), 'utf8');

function blocks(language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((found) => found[1] === language)
    .map((found) => found[2]!);
}

describe('docs/onnx-text.md', () => {
  it.each(blocks('onnx').map((text, i) => [i + 1, text]))(
    'has an example that parses: block %i',
    (_, text) => {
      const parsed = parseModel(text as string);
      expect(plain(parseModel(printModel(parsed)))).toEqual(plain(parsed));
    },
  );

  it('prints what it says it prints', () => {
    const printed: string[] = [];
    const code = blocks('ts')[0]!.replace(/^import .*$/gm, '');
    const run = new Function('model', 'printModel', 'tensor', 'console', code);
    run(model, printModel, tensor, { log: (line: string) => printed.push(`${line}\n`) });
    expect(printed).toEqual([blocks('text')[0]]);
  });

  it('names every element type that is no plain integer', () => {
    const missing = dataTypes.filter(({ text }) => !/^u?int\d+$/.test(text) && !page.includes(`\`${text}\``));
    expect(missing).toEqual([]);
  });
});
