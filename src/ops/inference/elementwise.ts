import { type DataType, dataTypeFromCode, findDataType, integerRange } from '../../ir/index.ts';
import { broadcastContents, broadcastShapes } from './broadcast.ts';
import type { Call, Register } from './call.ts';
import { type Contents, type Facts, tensorFacts } from './facts.ts';

type Value = number | string | undefined;
/** Operators that compute element by element, one shape or broadcast. */
export function registerElementwise(register: Register): void {
  register(
    'Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Elu Erf Exp Gelu HardSigmoid HardSwish LeakyRelu Log Mish ' +
      'Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu ' +
      'BitwiseNot Clip Affine ParametricSoftplus Scale ScaledTanh ImageScaler ' +
      'Softmax LogSoftmax Hardmax CumSum CumProd Trilu ReverseSequence LRN LpNormalization MeanVarianceNormalization',
    (call) => [tensorFacts(call.dtype(0), call.shape(0))],
  );
  register('Identity', (call) => [call.facts(0)]);
  register('Not IsNaN IsInf', (call) => [tensorFacts('bool', call.shape(0), unary(call, 'bool'))]);
  register('Abs Neg Floor Ceil', (call) => [
    tensorFacts(call.dtype(0), call.shape(0), unary(call, call.dtype(0))),
  ]);
  register('Add Sub Mul Div Mod BitShift BitwiseAnd BitwiseOr BitwiseXor', (call) =>
    binary(call, call.sharedType([0, 1])),
  );
  register('Pow', (call) => binary(call, call.dtype(0)));
  register('And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual', (call) => {
    call.sharedType([0, 1]);
    return binary(call, 'bool');
  });
  register('Max Min Mean Sum', (call) => {
    const all = call.node.inputs.map((_, i) => i);
    return elementwise(call, call.sharedType(all), all);
  });
  register('PRelu', (call) => {
    const dtype = call.sharedType([0, 1]);
    return [
      tensorFacts(
        dtype,
        call.opset < 7 ? call.shape(0) : broadcastShapes(call, [call.shape(0), call.shape(1)]),
      ),
    ];
  });
  register('Where', (call) => elementwise(call, call.sharedType([1, 2]), [0, 1, 2]));
  register('Cast', (call) => cast(call, targetType(call)));
  register('CastLike', (call) => cast(call, call.dtype(1)));
  register('BitCast', (call) => [tensorFacts(dataTypeFromCode(call.int('to', 0)), call.shape(0))]);
}

/** Version 1 of Cast spells types as the enum of onnx.proto does. */
function targetType(call: Call): DataType | undefined {
  if (call.opset >= 6) return dataTypeFromCode(call.int('to', 0));
  const name = call.text('to', '');
  const renamed = name === 'FLOAT' ? 'float32' : name === 'DOUBLE' ? 'float64' : name.toLowerCase();
  return findDataType(renamed as DataType)?.name;
}

function binary(call: Call, dtype: DataType | undefined): readonly Facts[] {
  // Before opset 7 the second operand is stretched to the first, and only when asked.
  if (call.opset < 7) return [tensorFacts(dtype, call.shape(0))];
  return elementwise(call, dtype, [0, 1]);
}

function elementwise(call: Call, dtype: DataType | undefined, inputs: readonly number[]): readonly Facts[] {
  const shapes = inputs.map((index) => call.shape(index));
  const shape = broadcastShapes(call, shapes);
  const contents = broadcastContents(
    shapes,
    inputs.map((index) => call.contents(index)),
    shape,
    (values) => settle(operate(call.node.opType, values, dtype, call), dtype),
  );
  return [tensorFacts(dtype, shape, contents)];
}

function operate(opType: string, values: readonly Value[], dtype: DataType | undefined, call: Call): Value {
  const [a, b, c] = values;
  switch (opType) {
    case 'Where':
      return typeof a === 'number' ? (a !== 0 ? b : c) : b === c ? b : undefined;
    case 'Equal':
      return a === undefined || b === undefined ? undefined : a === b ? 1 : bothNumbers(a, b) ? 0 : undefined;
    case 'Add':
      return a === 0 ? b : b === 0 ? a : bothNumbers(a, b) ? Number(a) + Number(b) : undefined;
    case 'Sub':
      return b === 0 ? a : bothNumbers(a, b) ? Number(a) - Number(b) : undefined;
    case 'Mul':
      return a === 1 ? b : b === 1 ? a : bothNumbers(a, b) ? Number(a) * Number(b) : undefined;
    case 'Div':
      return b === 1 ? a : bothNumbers(a, b) && b !== 0 ? divide(Number(a), Number(b), dtype) : undefined;
    case 'Max':
    case 'Min':
      if (values.every((value) => value === a)) return a;
      if (!values.every((value) => typeof value === 'number')) return undefined;
      return opType === 'Max' ? Math.max(...(values as number[])) : Math.min(...(values as number[]));
    case 'Mod':
      if (!bothNumbers(a, b) || b === 0 || call.int('fmod', 0) !== 0) return undefined;
      return Number(a) - Math.floor(Number(a) / Number(b)) * Number(b);
    case 'Less':
      return bothNumbers(a, b) ? Number(Number(a) < Number(b)) : undefined;
    case 'LessOrEqual':
      return bothNumbers(a, b) ? Number(Number(a) <= Number(b)) : undefined;
    case 'Greater':
      return bothNumbers(a, b) ? Number(Number(a) > Number(b)) : undefined;
    case 'GreaterOrEqual':
      return bothNumbers(a, b) ? Number(Number(a) >= Number(b)) : undefined;
    case 'And':
      return bothNumbers(a, b) ? Number(a !== 0 && b !== 0) : undefined;
    case 'Or':
      return bothNumbers(a, b) ? Number(a !== 0 || b !== 0) : undefined;
    case 'Xor':
      return bothNumbers(a, b) ? Number((a !== 0) !== (b !== 0)) : undefined;
    default:
      return undefined;
  }
}

function bothNumbers(a: Value, b: Value): boolean {
  return typeof a === 'number' && typeof b === 'number';
}

/** Integers are divided towards zero. */
function divide(a: number, b: number, dtype: DataType | undefined): number | undefined {
  if (dtype === undefined) return undefined;
  return findDataType(dtype)?.kind === 'float' ? a / b : Math.trunc(a / b);
}

function unary(call: Call, dtype: DataType | undefined): Contents | undefined {
  return call.contents(0)?.map((value) => {
    if (typeof value !== 'number') return undefined;
    switch (call.node.opType) {
      case 'Abs':
        return settle(Math.abs(value), dtype);
      case 'Neg':
        return settle(value === 0 ? 0 : -value, dtype);
      case 'Floor':
        return Math.floor(value);
      case 'Ceil':
        return Math.ceil(value);
      case 'Not':
        return value === 0 ? 1 : 0;
      default:
        return undefined;
    }
  });
}

/** A computed element as its type holds it; one that would wrap around is not followed. */
function settle(value: Value, dtype: DataType | undefined): Value {
  if (typeof value !== 'number' || dtype === undefined) return typeof value === 'string' ? value : undefined;
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'float64' || dtype === 'bool') return value;
  const range = integerRange(dtype);
  const fits = range !== undefined && value >= range.min && value <= range.max;
  return fits && (Number.isSafeInteger(value) || Math.abs(value) >= 2 ** 62) ? value : undefined;
}

function cast(call: Call, dtype: DataType | undefined): readonly Facts[] {
  const info = dtype && findDataType(dtype);
  const toInteger = info?.kind === 'signed' || info?.kind === 'unsigned';
  const contents = call.contents(0)?.map((value) => {
    if (typeof value !== 'number') return toInteger ? value : undefined;
    if (dtype === 'bool') return Number(value !== 0);
    return settle(toInteger ? Math.trunc(value) : value, dtype);
  });
  return [tensorFacts(dtype, call.shape(0), contents)];
}
