import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addInitializer,
  append,
  applyEdits,
  applyPatches,
  checkSingleAssignment,
  type Edit,
  insertBefore,
  insertBetween,
  type Model,
  type Node,
  removeInitializer,
  removeNode,
  renameValue,
  replaceInitializer,
  replaceNode,
  rewire,
  tensor,
  viewOf,
} from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { model, printModel } from '../../src/serde/index.ts';
import { picture } from '../support/text.ts';

const make = (opType: string, inputs: readonly string[], ...outputs: readonly string[]): Node => ({
  opType,
  inputs,
  outputs,
  attributes: [],
  metadata: [],
  deviceConfigurations: [],
});

const before = model`
  main (float[2] x, bool c) => (float[2] y, float[2] z) <float[2] w = {1, 2}> {
    a = Relu (x)
    b = Add (a, w)
    y = Neg (b)
    z = If <then_branch = yes () => (float[2] t) { t = Abs (b) }, else_branch = no () => (float[2] e) { b2 = Exp (x)  e = Abs (b2) }> (c)
  }`;
const by = (name: string) => viewOf(before).producer(name)!;
const edited = (...edits: readonly (Edit | readonly Edit[])[]) => applyEdits(before, edits).model;
const lines = (given: Model) =>
  picture(given)
    .split('\n')
    .map((line) => line.trim());

describe('an edit', () => {
  it('puts nodes in the place of one', () => {
    const after = edited(replaceNode(by('b'), make('Mul', ['a', 'w'], 'm'), make('Sub', ['m', 'w'], 'b')));
    expect(lines(after)).toEqual(expect.arrayContaining(['m = Mul (a, w)', 'b = Sub (m, w)', 'y = Neg (b)']));
    expect(viewOf(after).producer('b')!.opType).toBe('Sub');
  });
  it('takes a node out when nobody reads it any more', () => {
    expect(lines(edited(rewire('b', 'a'), removeNode(by('b'))))).toContain('y = Neg (a)');
  });
  it('rewires subgraphs that capture the value, or only the readers named', () => {
    expect(printModel(edited(rewire('b', 'x')))).toContain('t = Abs (x)');
    const some = printModel(edited(rewire('b', 'x', [by('y')])));
    expect(some).toContain('y = Neg (x)');
    expect(some).toContain('t = Abs (b)');
  });
  it('puts a node between a value and its readers', () => {
    const after = edited(insertBetween('a', make('Clip', ['a'], 'clipped')));
    expect(lines(after)).toEqual(expect.arrayContaining(['clipped = Clip (a)', 'b = Add (clipped, w)']));
    const order = after.graph.nodes.map((node) => node.opType);
    expect(order.indexOf('Clip')).toBeLessThan(order.indexOf('Add'));
    expect(() => insertBetween('a', make('Clip', ['x'], 'clipped'))).toThrow('has to read it');
  });
  it('gives a value another name, in subgraphs too', () => {
    const text = printModel(edited(renameValue('b', 'sum')));
    expect(text).toContain('sum = Add (a, w)');
    expect(text).toContain('y = Neg (sum)');
    expect(text).toContain('t = Abs (sum)');
  });
  it('adds, replaces and removes initializers', () => {
    const after = edited(
      addInitializer(tensor('float32', [1], [3], 'k')),
      replaceInitializer(tensor('float32', [2], [5, 6], 'w')),
    );
    expect(after.graph.initializers.map((each) => [each.name, ...each.toTypedArray()])).toEqual([
      ['w', 5, 6],
      ['k', 3],
    ]);
    expect(edited(removeInitializer('w')).graph.initializers).toEqual([]);
    expect(() => edited(addInitializer(tensor('float32', [1], [3], 'w')))).toThrow('already has a value "w"');
    expect(() => edited(addInitializer(tensor('float32', [1], [3], 'a')))).toThrow('already has a value "a"');
  });
  it('puts nodes in legal order, and knows when there is none', () => {
    const after = edited(
      append(make('Exp', ['x'], 'late')),
      insertBefore(by('a'), make('Sqrt', ['late'], 'early')),
    );
    expect(after.graph.nodes.slice(0, 2).map((node) => node.opType)).toEqual(['Exp', 'Sqrt']);
    expect(() => edited(replaceNode(by('a'), make('Add', ['x', 'b'], 'a')))).toThrow(
      'depends on its own output',
    );
  });
  it('refuses a graph in which a value has two sources', () => {
    for (const body of [
      'a = Relu (x)  a = Neg (x)  y = Abs (a)',
      'x = Relu (x)  y = Abs (x)',
      'w = Relu (x)  y = Abs (w)',
    ]) {
      const double = model`main (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { ${body} }`;
      expect(() => applyEdits(double, [])).toThrow('a value the graph has already');
      expect(() => checkSingleAssignment(double.graph)).toThrow('a value the graph has already');
      expect(() => execute(double, new Map([['x', tensor('float32', [2], [1, 2])]]))).toThrow(
        'a value the graph has already',
      );
    }
  });
  it('refuses nodes the model does not have', () => {
    expect(() => edited(removeNode(make('Relu', ['x'], 'q')))).toThrow('is not in the graph');
    expect(() => edited(removeNode(by('a')), removeNode(by('a')))).toThrow('is not in the graph');
  });
});

describe('a change', () => {
  it('leaves the model it was made from as it is, and what it did not touch identical', () => {
    const text = printModel(before);
    const after = edited(renameValue('a', 'first'));
    expect(printModel(before)).toBe(text);
    expect(after.graph.initializers).toBe(before.graph.initializers);
    expect(after.graph.inputs).toBe(before.graph.inputs);
    expect(after.graph.nodes[3]).toBe(before.graph.nodes[3]);
    expect(Object.isFrozen(after.graph.nodes[0])).toBe(true);
  });
  it('is no change when there are no edits', () => {
    expect(applyEdits(before, [])).toEqual({ model: before, patches: [], inversePatches: [] });
  });
  it('has patches that lead there and back', () => {
    const edits = [
      replaceNode(by('y'), make('Abs', ['b'], 'y')),
      addInitializer(tensor('float32', [1], [3], 'k')),
      renameValue('a', 'first'),
    ];
    const { model: after, patches, inversePatches } = applyEdits(before, edits);
    expect(printModel(applyPatches(before, [...patches]))).toBe(printModel(after));
    expect(printModel(applyPatches(after, [...inversePatches]))).toBe(printModel(before));
  });
  it('whatever the edits', () => {
    const edit = fc.constantFrom<readonly (Edit | readonly Edit[])[]>(
      [renameValue('a', 'first')],
      [rewire('b', 'a')],
      [replaceInitializer(tensor('float32', [2], [0, 0], 'w'))],
      [append(make('Exp', ['x'], 'extra'))],
      [addInitializer(tensor('int8', [], [1], '__proto__'))],
      insertBetween('x', make('Round', ['x'], 'rounded')).map((single) => single),
    );
    fc.assert(
      fc.property(fc.uniqueArray(edit, { maxLength: 6 }), (edits) => {
        const { model: after, patches, inversePatches } = applyEdits(before, edits.flat());
        expect(printModel(applyPatches(before, [...patches]))).toBe(printModel(after));
        expect(printModel(applyPatches(after, [...inversePatches]))).toBe(printModel(before));
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
