/** The laws of propagation and the fusions that keep a quantizer, by their number in the rule book, in words. */
export const laws: ReadonlyMap<string, string> = new Map([
  ['L1', 'a layer writes int8 only if every reader wants the same quantizer'],
  ['L2', 'a convolution with a fused Add writes floats when its residual is float'],
  ['L3', 'a quantized residual is dequantized when a reader behind the Add takes floats'],
  ['L5', 'convolution, Relu and MaxPool become one int8 kernel only if all readers want one quantizer'],
  ['L6', 'an operator that reads floats pays for dequantizing an int8 value'],
  ['L7', 'the network is given floats, so its input is quantized first'],
  ['L8', 'a value written with one scale and read with another is requantized'],
  ['P1', 'a layer without quantizers on its input and its weights computes and writes floats'],
  ['P7', 'a depthwise convolution with SiLU is not fused in int8'],
  ['P14', 'a quantized ConvTranspose and its batch norm do not fuse'],
  ['P18', 'average pooling is int8 only with quantizers in front and behind'],
  ['P21', 'an Add is int8 only with quantizers on both inputs and behind'],
  ['P22', 'a Mul is int8 only with quantizers on both inputs and behind'],
  ['P23', 'Q and DQ do not move across a Resize'],
  ['P24', 'the operator has no int8 kernel, or reads floats, and writes floats'],
]);
