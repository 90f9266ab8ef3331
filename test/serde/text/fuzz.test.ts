import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseModel, printModel } from '../../../src/serde/index.ts';
import { ModelError } from '../../../src/support/errors.ts';
import { anyModel } from './arbitraries.ts';

const scrap = fc.constantFrom(
  ...[
    '<',
    '>',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
    '=',
    '=>',
    ',',
    ':',
    '.',
    '@',
    '?',
    '"',
    '\\',
    '#',
    '\n',
    '…',
    '-',
  ],
  ...[
    '0x',
    '1e999',
    '-0',
    'nan',
    'float',
    'int4[3]',
    'sparse_tensor[',
    'seq(',
    'unknown:',
    'raw "f"',
    'missing',
  ],
  ...['doc_string: "x"', '["a": ?]', '9223372036854775808', '__proto__', '\ufffc', '\ud800'],
);

describe('damaged text', () => {
  it('is a model all the same, or a ModelError with its place', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 4 }), scrap), { minLength: 1, maxLength: 3 });
    let refused = 0;
    fc.assert(
      fc.property(anyModel, damage, (model, changes) => {
        let text = printModel(model);
        for (const [where, removed, added] of changes) {
          const at = where % text.length;
          text = text.slice(0, at) + added + text.slice(at + removed);
        }
        try {
          const parsed = parseModel(text);
          expect(printModel(parseModel(printModel(parsed)))).toBe(printModel(parsed));
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
          expect((error as ModelError).at).toMatch(/^line \d+, column \d+$/);
          refused += 1;
        }
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});
