import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { removeDeadValues } from '../../src/passes/remove-dead-values.ts';
import { execute } from '../../src/runtime/index.ts';
import { model, printModel } from '../../src/serde/index.ts';
import { networks } from '../support/quantized-networks.ts';
import { valuesIn } from '../support/tensors.ts';
import { apply, applyTraced, picture } from '../support/text.ts';

describe('remove-dead-values', () => {
  it('takes out what no output needs, with everything only that needed', () => {
    const before = model`
      main (float[2] x) => (float[2] y) <float[2] one = {1, 1}, float[2] two = {2, 2}, float[1] lone = {7}, float[2] g> {
        a = Add (x, one)
        b = Mul (a, two)
        g = Relu (b)
        y = Add (x, two)
      }`;
    const { model: after, trace } = applyTraced(removeDeadValues, before);
    expect(picture(after)).toBe(
      picture(model`main (float[2] x) => (float[2] y) <float[2] two = {2, 2}> { y = Add (x, two) }`),
    );
    expect(
      trace.rewrites.map(({ at, before: nodes, removed }) => [at, nodes.map((n) => n.opType), removed]),
    ).toEqual([
      ['g', ['Relu', 'Mul', 'Add'], ['one']],
      ['lone', [], ['lone']],
    ]);
  });

  it('takes out random operators that nobody reads, but nothing it does not know', () => {
    const before = model`
      <ir_version: 8, opset_import: ["" : 17, "com.custom" : 1]>
      main (float[2] x) => (float[2] y) {
        r = RandomNormalLike (x)
        log = com.custom.Print (x)
        z = NotAnOperator (x)
        y = Relu (x)
      }`;
    const { model: after, trace } = applyTraced(removeDeadValues, before);
    expect(after.graph.nodes.map((node) => node.opType)).toEqual(['Print', 'NotAnOperator', 'Relu']);
    expect(trace.findings).toEqual([
      {
        rule: 'remove-dead-values',
        at: 'log',
        message:
          'nobody reads what com.custom::Print makes, but it is not known to be free of side effects; it stays',
      },
      {
        rule: 'remove-dead-values',
        at: 'z',
        message:
          'nobody reads what NotAnOperator makes, but it is not known to be free of side effects; it stays',
      },
    ]);
  });

  it('leaves a node one of whose outputs is read as it is', () => {
    const before = model`
      main (float[2] x) => (bool[2] mask, float[2] v) {
        y, mask = Dropout (x)
        v, i = TopK <axis = 0> (x, k)
        k = Constant <value = int64[1] {2}> ()
      }`;
    expect(apply(removeDeadValues, before)).toBe(before);
  });

  it('counts what subgraphs capture, and looks inside them', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] z) <float[2] read = {1, 2}, float[2] unread = {3, 4}> {
        a = Relu (x)
        b = Abs (x)
        z = If <
          then_branch = yes () => (float[2] t) { dead = Neg (b)  t = Add (a, read) },
          else_branch = no () => (float[2] e) <float[2] inner = {5, 6}> { dead2 = Mul (inner, unread)  e = Neg (x) }
        > (c)
      }`;
    expect(picture(apply(removeDeadValues, before))).toBe(
      picture(model`
      main (float[2] x, bool c) => (float[2] z) <float[2] read = {1, 2}> {
        a = Relu (x)
        z = If <
          then_branch = yes () => (float[2] t) { t = Add (a, read) },
          else_branch = no () => (float[2] e) { e = Neg (x) }
        > (c)
      }`),
    );
  });

  it('looks inside functions, and knows which of them do nothing else', () => {
    const before = model`
      <ir_version: 10, opset_import: ["" : 21, "local" : 1, "com.custom" : 1]>
      main (float[2] x) => (float[2] y) { a = local.Pure (x)  b = local.Loud (x)  y = local.Pure (x) }
      <domain: "local", opset_import: ["" : 21]>
      Pure (v) => (w) { d = Exp (v)  w = Neg (v) }
      <domain: "local", opset_import: ["" : 21, "com.custom" : 1]>
      Loud (v) => (w) { w = com.custom.Print (v) }`;
    const text = printModel(apply(removeDeadValues, before));
    expect(text).not.toContain('a = local.Pure');
    expect(text).not.toContain('Exp');
    expect(text).toContain('b = local.Loud (x)');
  });

  it('keeps graph inputs, their defaults, and what annotations name', () => {
    const before = model`
      main (float[2] x, float[2] spare, float[1] w) => (float[2] y) <float[1] w = {1}, float s = {0.5}> { y = Relu (x) }`;
    const annotated = {
      ...before,
      graph: {
        ...before.graph,
        quantizationAnnotations: [{ tensorName: 'y', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] }],
      },
    };
    expect(apply(removeDeadValues, annotated)).toBe(annotated);
    expect(apply(removeDeadValues, before).graph.initializers.map((tensor) => tensor.name)).toEqual(['w']);
  });

  it('drops an annotation with the value it describes, and then the scale it named', () => {
    const before = model`
      main (float[2] x) => (float[2] y) <float s = {0.5}> { dead = Abs (x)  y = Relu (x) }`;
    const annotated = {
      ...before,
      graph: {
        ...before.graph,
        quantizationAnnotations: [{ tensorName: 'dead', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] }],
      },
    };
    const after = apply(removeDeadValues, annotated);
    expect(after.graph.quantizationAnnotations).toEqual([]);
    expect(after.graph.initializers).toEqual([]);
  });

  it('keeps what training information names', () => {
    const before = model`main (float[2] x) => (float[2] y) <float[1] w = {1}, float[1] u = {1}> { y = Relu (x) }`;
    const trained = {
      ...before,
      trainingInfo: [{ initializationBindings: [], updateBindings: [{ key: 'w', value: 'w_new' }] }],
    };
    expect(apply(removeDeadValues, trained).graph.initializers.map((tensor) => tensor.name)).toEqual(['w']);
  });

  it('leaves what the outputs need, computing the same, and nothing else', () => {
    const x = tensor('float32', [1, 1, 2, 2], [0.3, -1.7, 2.5, 100]);
    const w = tensor('float32', [1, 1, 2, 2], [-0.1, 0.06, 7, -3]);
    const inputs = new Map([
      ['x', x],
      ['w', w],
    ]);
    fc.assert(
      fc.property(networks, fc.nat(), (all, choice) => {
        const output = all.graph.outputs[choice % all.graph.outputs.length]!;
        const before = { ...all, graph: { ...all.graph, outputs: [output] } };
        const after = apply(removeDeadValues, before);
        expect(valuesIn(execute(after, inputs))).toEqual(valuesIn(execute(before, inputs)));
        const read = new Set([output.name, ...after.graph.nodes.flatMap((node) => node.inputs)]);
        for (const node of after.graph.nodes) expect(read).toContain(node.outputs[0]);
        for (const { name } of after.graph.initializers) expect(read).toContain(name);
        expect(apply(removeDeadValues, after)).toBe(after);
      }),
      { numRuns: 60 },
    );
  });
});
