import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGraph, parseModel, printGraph, printModel, printType } from '../../../src/serde/index.ts';
import { anyModel, graph, type } from './arbitraries.ts';
import { isDeepFrozen, plain } from './plain.ts';

describe('print, then parse', () => {
  it('gives an equal, frozen model, whatever is in it', () => {
    fc.assert(
      fc.property(anyModel, (model) => {
        const text = printModel(model);
        const back = parseModel(text);
        expect(plain(back)).toEqual(plain(model));
        expect(isDeepFrozen(back)).toBe(true);
        expect(printModel(back)).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  it('gives an equal graph', () => {
    fc.assert(
      fc.property(graph(1), (made) => {
        expect(plain(parseGraph(printGraph(made)))).toEqual(plain(made));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps every type', () => {
    fc.assert(
      fc.property(type(3), (made) => {
        const text = `g (${printType(made)} x) => () {}`;
        expect(plain(parseGraph(text).inputs[0]?.type)).toEqual(plain(made));
      }),
      { numRuns: 500 },
    );
  });
});
