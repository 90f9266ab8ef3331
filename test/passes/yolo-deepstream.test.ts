import { describe, expect, it } from 'vitest';
import { pairsOf, scaleValues } from '../../src/analysis/index.ts';
import type { Model } from '../../src/ir/index.ts';
import { scaleGroups, unifyScales, yoloDeepstreamPairs } from '../../src/passes/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { apply, applyTraced } from '../support/text.ts';

/** Text of a quantized convolution of the module `model.<n>`, reading `x` through a quantizer of its own. */
function conv(n: number, x: string, y: string, scale: number): { line: string; constants: string } {
  return {
    line: `
      q${n} = QuantizeLinear (${x}, s${n}, z)
      d${n} = DequantizeLinear (q${n}, s${n}, z)
      wq${n} = QuantizeLinear ("model.${n}.conv.weight", ws, z)
      wd${n} = DequantizeLinear (wq${n}, ws, z)
      ${y} = Conv (d${n}, wd${n})`,
    constants: `float s${n} = {${scale}}, float[2,2,1,1] "model.${n}.conv.weight" = {1, 0, 0, 1}`,
  };
}

function network(text: string, ...convs: readonly { line: string; constants: string }[]): Model {
  const lines = convs.reduce((body, { line }) => body.replace('CONV', line), text);
  return parseModel(`<ir_version: 7, opset_import: ["" : 13]>
    main (float[1,2,4,4] x) => (float[1,2,4,4] y)
    <int8 z = {0}, float ws = {0.5}, ${convs.map(({ constants }) => constants).join(', ')}> { ${lines} }`);
}

function scaleOf(model: Model, tensor: string): readonly number[] {
  return pairsOf(model).flatMap((pair) => (pair.tensor === tensor ? scaleValues(pair)! : []));
}

describe('the pairs of NVIDIA’s YOLOv7 recipe', () => {
  const concat = network(
    `CONV
     CONV
     c = Concat <axis = 1> (a, b)
     r = Relu (c)
     first = Slice (c, zero, two, one)
     CONV
     CONV
     CONV
     zero = Constant <value = int64[1] {0}> ()
     one = Constant <value = int64[1] {1}> ()
     two = Constant <value = int64[1] {2}> ()
     y = Sum (e, f, g)`,
    conv(0, 'x', 'a', 0.5),
    conv(1, 'a', 'b', 0.5),
    conv(2, 'c', 'e', 0.25),
    conv(3, 'c', 'f', 0.125),
    conv(4, 'b', 'g', 0.0625),
  );

  it('are the first quantizer behind a Concat with the others behind it, then with those of its inputs', () => {
    expect(yoloDeepstreamPairs(concat)).toEqual([
      { sub: 'model.3.conv', major: 'model.2.conv' },
      { sub: 'model.1.conv', major: 'model.2.conv' },
      { sub: 'model.4.conv', major: 'model.2.conv' },
    ]);
  });

  it('give the subs the scale of their major, and nobody else one', () => {
    const { model: after, trace } = applyTraced(unifyScales({ policy: 'yolo-deepstream' }), concat);
    expect(['x', 'a', 'b', 'c'].map((tensor) => scaleOf(after, tensor))).toEqual([
      [0.5],
      [0.25],
      [0.25],
      [0.25, 0.25],
    ]);
    expect(trace.rewrites).toHaveLength(1);
    expect(scaleGroups(concat, { policy: 'yolo-deepstream' })[0]!.reason).toBe(
      'model.3.conv, model.1.conv, model.4.conv → model.2.conv',
    );
  });

  it('join a MaxPool only where its first reader is a quantizer', () => {
    const pool = (order: string) =>
      network(
        `CONV
         m = MaxPool <kernel_shape = [1, 1]> (x)
         ${order}
         CONV
         y = Sum (a, e, r)`,
        conv(0, 'x', 'a', 0.5),
        conv(1, 'm', 'e', 0.25),
      );
    expect(yoloDeepstreamPairs(pool(''))).toEqual([{ sub: 'model.0.conv', major: 'model.1.conv' }]);
    expect(yoloDeepstreamPairs(pool('r = Relu (m)'))).toEqual([]);
  });

  it('overwrite each other in order, so that a chain may end half unified', () => {
    const chain = network(
      `CONV
       c = Concat <axis = 1> (x, x)
       h1, h2 = Split <axis = 1> (c)
       CONV
       d = Concat <axis = 1> (c, c)
       CONV
       y = Sum (a, e, f)`,
      conv(0, 'x', 'a', 0.5),
      conv(1, 'c', 'e', 0.25),
      conv(2, 'd', 'f', 0.125),
    );
    expect(yoloDeepstreamPairs(chain).map(({ sub, major }) => `${sub} ${major}`)).toEqual([
      'model.0.conv model.1.conv',
      'model.1.conv model.2.conv',
    ]);
    const recipe = apply(unifyScales({ policy: 'yolo-deepstream' }), chain);
    expect(['x', 'c', 'd'].map((tensor) => scaleOf(recipe, tensor)[0])).toEqual([0.25, 0.125, 0.125]);
    const whole = apply(unifyScales(), chain);
    expect(['x', 'c', 'd'].map((tensor) => scaleOf(whole, tensor)[0])).toEqual([0.5, 0.5, 0.5]);
  });
});
