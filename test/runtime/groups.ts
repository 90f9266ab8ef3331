import type { Model } from '../../src/ir/index.ts';
import { parseModel } from '../../src/serde/index.ts';

export interface QuantizedText {
  readonly inputs?: string;
  readonly outputs?: string;
  readonly constants?: string;
  readonly opset?: number;
}

/**
 * A model from ONNX text in which `t = QDQ:uint8 (v, 0.05, 3)` stands for a pair, `Q:` and `DQ:` for its halves; scale and zero
 * point become initializers. Without the last number there is no zero point.
 */
export function quantizedModel(
  body: string,
  { inputs = 'float[1,4,6,6] x', outputs = 'float[1,4,6,6] y', constants, opset = 17 }: QuantizedText = {},
): Model {
  const initializers: string[] = [];
  const text = body.replace(
    /(\w+) = (QDQ|Q|DQ):(\w+) \((\w+), (-?[\d.e-]+)(?:, (-?\d+))?\)/g,
    (_, to, kind, type, from, scale, zero) => {
      const index = initializers.length;
      initializers.push(`float scale${index} = {${scale}}`);
      if (zero !== undefined) initializers.push(`${type} zero${index} = {${zero}}`);
      const parameters = zero === undefined ? `scale${index}` : `scale${index}, zero${index}`;
      if (kind === 'Q') return `${to} = QuantizeLinear (${from}, ${parameters})`;
      if (kind === 'DQ') return `${to} = DequantizeLinear (${from}, ${parameters})`;
      return `${to}_q = QuantizeLinear (${from}, ${parameters})\n${to} = DequantizeLinear (${to}_q, ${parameters})`;
    },
  );
  const stored = [...initializers, ...(constants === undefined ? [] : [constants])];
  return parseModel(
    `<ir_version: 10, opset_import: ["" : ${opset}]> main (${inputs}) => (${outputs}) <${stored.join(', ')}> { ${text} }`,
  );
}

const weights: ReadonlyMap<string, string> = new Map([
  ['w', 'int8[4,4,1,1] w = {1,2,3,4,5,6,7,8,9,-10,11,12,13,14,15,16}'],
  ['fw', 'float[4,4,1,1] fw = {1,2,3,4,5,6,7,8,9,-10,11,12,13,14,15,-15.5}'],
  ['wd', 'float ws = {0.05}, int8 wz = {0}'],
  ['wd4', 'float[4] ws4 = {0.05,0.04,0.03,0.02}, int8[4] wz4 = {0,0,0,0}'],
  ['bd', 'int32[4] b = {1,2,3,4}, float bs = {0.0025}'],
  ['bd4', 'float[4] bs4 = {0.0025,0.002,0.0015,0.001}'],
  ['bdOff', 'float bsOff = {0.05}'],
  ['fb', 'float[4] fb = {1.0,2.0,-3.0,4.0}'],
  ['lo', 'float lo = {0.0}, float hi = {6.0}'],
]);

const dequantized: ReadonlyMap<string, string> = new Map([
  ['wd', 'wd = DequantizeLinear (w, ws, wz)'],
  ['wd4', 'wd4 = DequantizeLinear <axis = 0> (w, ws4, wz4)'],
  ['bd', 'bd = DequantizeLinear (b, bs)'],
  ['bd4', 'bd4 = DequantizeLinear <axis = 0> (b, bs4)'],
  ['bdOff', 'bdOff = DequantizeLinear (b, bsOff)'],
]);

/**
 * A network around 1×1 convolutions of 4 channels; `a` is its dequantized input. Named constants appear where the body reads them:
 * weights w by wd (one scale) and wd4 (one a channel), float weights fw, biases bd, bd4, bdOff (a scale that does not fit) and fb.
 */
export function convolutionModel(
  body: string,
  { type = 'uint8', ...text }: QuantizedText & { readonly type?: string } = {},
): Model {
  const reads = (name: string) => new RegExp(`\\b${name}\\b`).test(body);
  const pairs = [...dequantized].filter(([name]) => reads(name)).map(([, line]) => line);
  const whole = `a = QDQ:${type} (x, 0.05, 3)\n${pairs.join('\n')}\n${body}`;
  const used = (name: string) => new RegExp(`\\b${name}\\b`).test(whole);
  const constants = [...weights].filter(([name]) => used(name)).map(([, line]) => line);
  if (used('bd4') && !used('bd')) constants.push('int32[4] b = {1,2,3,4}');
  if (used('bdOff') && !used('bd')) constants.push('int32[4] b = {1,2,3,4}');
  return quantizedModel(whole, { ...text, constants: constants.join(', ') });
}

const codes = (step: number) => Array.from({ length: 36 }, (_, i) => ((i * step) % 127) - 40).join(',');
const matrices: readonly (readonly [string, string])[] = [
  ['m', `int8[6,6] m = {${codes(7)}}`],
  ['n', `int8[6,6] n = {${codes(11)}}`],
  ['s', 'float s = {0.1}'],
  ['z', 'int8 z = {0}'],
  ['s6', 'float[6] s6 = {0.1,0.2,0.3,0.4,0.5,0.6}'],
  ['z6', 'int8[6] z6 = {0,0,0,0,0,0}'],
  ['ib', 'int32[6] ib = {1,2,3,4,5,6}'],
  ['is', 'float is = {0.005}'],
  ['is6', 'float[6] is6 = {0.005,0.01,0.015,0.02,0.025,0.03}'],
  ['fb', 'float[6] fb = {1,2,-3,4,5,6}'],
  ['fm', `float[6,6] fm = {${codes(7)}}`],
  ['fm2', `float[6,6] fm2 = {${codes(11)}}`],
  ['square', 'int64[2] square = {6,6}'],
  ['heads', 'int64[4] heads = {2,5,2,3}'],
];

/** A network around products of [5, 6] by [6, 6]: codes m and n, scales s and s6, zeros z and z6, biases ib and fb with is, is6, floats fm and fm2. */
export function productModel(body: string, text: QuantizedText = {}): Model {
  const constants = matrices
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(body))
    .map(([, line]) => line);
  return quantizedModel(body, {
    inputs: 'float[5,6] x',
    outputs: 'float[5,6] y',
    ...text,
    constants: constants.join(', '),
  });
}
