/** What keeps a quantizer a kernel of its own in ONNX Runtime, in words. */
export const onnxruntimeLaws: ReadonlyMap<string, string> = new Map([
  ['O1', 'the network is given floats, so its input is quantized first'],
  ['O2', 'a graph output is float, so what runs on codes is dequantized for it'],
  [
    'O3',
    'an operator runs on codes only if all its inputs and its output are quantized as its rule wants them',
  ],
  ['O4', 'the operator on the other side computes in floats'],
  ['O5', 'weights of an operator that is not fused are dequantized at every run'],
]);
