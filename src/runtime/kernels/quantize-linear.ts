import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import { floats, minifloats, narrowIntegers } from '../dtypes.ts';
import { type KernelCall, kernel, type TypeCall } from '../kernel.ts';
import { quantize } from '../quantize.ts';

const where = {
  T: [...floats, 'int32'] as const,
  S: [...floats, 'float8e8m0', 'int32'] as const,
  Z: ['int8', 'uint8', 'int16', 'uint16', ...narrowIntegers, ...minifloats] as const,
};

/** y = saturate(round(x / scale) + zero point) */
export const quantizeLinear = kernel('QuantizeLinear', {
  versions: [10, 13, 19, 21, 23, 24, 25, 28],
  types: 'T, S, Z -> ?',
  where,
  outputTypes: ({ inputs: [, , zero], attributes }: TypeCall) => [
    outputType(zero, attributes['output_dtype']),
  ],
  run: (call) => quantizeCall(call as KernelCall),
});

/** ONNX Runtime's twin for element types that ONNX did not have before opset 21. */
export const microsoftQuantizeLinear = kernel<string>('QuantizeLinear', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, S, Z -> ?',
  where,
  outputTypes: ({ inputs: [, , zero] }: TypeCall) => [outputType(zero, 0)],
  run: quantizeCall,
});

function quantizeCall({ inputs: [x, scale, zeroPoint], attributes, conventions }: KernelCall) {
  const { axis = 1, block_size = 0, saturate = 1, output_dtype = 0, precision = 0 } = attributes;
  return quantize(x!, scale!, zeroPoint, {
    axis: axis as number,
    blockSize: block_size as number,
    dtype: outputType(zeroPoint?.dtype, output_dtype),
    saturate: saturate === 1,
    precision: dividesIn(x!.dtype, precision as number),
    rounding: conventions.rounding,
  });
}

function outputType(zeroPoint: DataType | undefined, outputDtype: unknown): DataType {
  return zeroPoint ?? (outputDtype ? dataTypeFromCode(outputDtype as number) : 'uint8');
}

/** ONNX Runtime divides in float32 whatever the input is; `precision` can ask for another type. */
function dividesIn(x: DataType, precision: number): DataType {
  if (precision !== 0) return dataTypeFromCode(precision);
  return x === 'int32' || x === 'float64' ? 'float64' : 'float32';
}
