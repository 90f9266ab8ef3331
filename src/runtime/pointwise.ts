import { activationFunction } from './activation.ts';
import type { NdArray } from './array.ts';
import { zipElements } from './elementwise.ts';
import { activationOf } from './fused.ts';
import { meaningOf } from './integer/codes.ts';
import type { KernelCall } from './kernel.ts';
import { codeOf, type Quantizer, quantizerOf, realOf, zipCodes } from './qlinear.ts';

/** Two arrays of int8 codes, element by element: dequantized in float32, combined, activated, quantized once. */
export function pointwise(
  { attributes, inputs, conventions }: KernelCall,
  of: (x: number, y: number) => number,
): NdArray {
  const [a, aScale, b, bScale, yScale] = inputs as readonly [NdArray, NdArray, NdArray, NdArray, NdArray];
  const [left, right, to] = [aScale, bScale, yScale].map((scale) =>
    quantizerOf(scale, undefined, 'int8'),
  ) as [Quantizer, Quantizer, Quantizer];
  const { rounding } = conventions;
  const activation = activationOf(attributes);
  const after = activation === undefined ? (value: number) => value : activationFunction(activation);
  if (rounding === 'half-away')
    return zipElements(a, b, 'int8', (p, q) =>
      codeOf(to, after(Math.fround(of(realOf(left, p), realOf(right, q)))), rounding),
    );
  const { scale } = to;
  const divide =
    rounding === 'onnxruntime'
      ? (value: number) => Math.fround(value / scale)
      : (value: number) => value / scale;
  return zipCodes(a, b, 'int8', {
    left: meaningOf(a, 0).map((code) => realOf(left, code)),
    right: meaningOf(b, 0).map((code) => realOf(right, code)),
    combine: (x, y) => divide(after(Math.fround(of(x, y)))),
  });
}
