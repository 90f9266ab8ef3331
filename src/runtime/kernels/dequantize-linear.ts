import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import { minifloats, narrowIntegers } from '../dtypes.ts';
import { type KernelCall, kernel, type TypeCall } from '../kernel.ts';
import { dequantize } from '../quantize.ts';

const where = {
  T: ['int8', 'uint8', 'int32', 'int16', 'uint16', ...narrowIntegers, ...minifloats] as const,
  S: ['float32', 'float16', 'bfloat16', 'float8e8m0'] as const,
};

/** y = (x − zero point) · scale */
export const dequantizeLinear = kernel('DequantizeLinear', {
  versions: [10, 13, 19, 21, 23, 24, 25, 28],
  types: 'T, S, T -> ?',
  where,
  outputTypes: ({ inputs: [, scale], attributes }: TypeCall) => [
    outputType(scale, attributes['output_dtype']),
  ],
  run: (call) => dequantizeCall(call as KernelCall),
});

/** ONNX Runtime's twin for element types that ONNX did not have before opset 21. */
export const microsoftDequantizeLinear = kernel<string>('DequantizeLinear', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, S, T -> ?',
  where,
  outputTypes: ({ inputs: [, scale] }: TypeCall) => [outputType(scale, 0)],
  run: dequantizeCall,
});

function dequantizeCall({ inputs: [x, scale, zeroPoint], attributes }: KernelCall) {
  const { axis = 1, block_size = 0, output_dtype = 0 } = attributes;
  return dequantize(x!, scale!, zeroPoint, {
    axis: axis as number,
    blockSize: block_size as number,
    dtype: outputType(scale!.dtype, output_dtype) ?? 'float32',
  });
}

function outputType(scale: DataType | undefined, outputDtype: unknown): DataType | undefined {
  if (outputDtype) return dataTypeFromCode(outputDtype as number);
  return scale === 'float8e8m0' ? 'float32' : scale;
}
