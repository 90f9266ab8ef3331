import {
  type DataType,
  type GraphView,
  type Node,
  storageOf,
  type Tensor,
  type Type,
  valuesOf,
} from '../../ir/index.ts';
import {
  constantFacts,
  constantOf,
  type Facts,
  inferNode,
  isNumeric,
  normalDomain,
} from '../../ops/index.ts';
import { isDequantize, isQuantize } from '../quantization.ts';
import type { Report } from './report.ts';

/** Element types by the opset that brought them. */
type Types = readonly (readonly [number, readonly DataType[]])[];

const eightBit: readonly DataType[] = ['int8', 'uint8'];

const zeroPointTypes: Types = [
  [10, eightBit],
  [19, ['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz']],
  [21, ['int16', 'uint16', 'int4', 'uint4']],
  [23, ['float4e2m1']],
  [25, ['int2', 'uint2']],
  [28, ['float6e2m3', 'float6e3m2']],
];

const scaleTypes: Types = [
  [10, ['float32']],
  [19, ['float16', 'bfloat16']],
  [24, ['float8e8m0']],
];

/**
 * QuantizeLinear and DequantizeLinear beyond their schema: shapes, axis and types of scale and zero point fit each other
 * and the tensor, and scales are finite and positive.
 *
 * @see https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
export function checkQuantizer(report: Report, view: GraphView, node: Node, at: string): void {
  if (!isQuantize(node) && !isDequantize(node)) return;
  const opset = view.opset(node.domain);
  const inputs = node.inputs.map((input) => factsOf(view, input));
  report.attempt(at, () => {
    inferNode(node, inputs, { opset });
  });
  const scale = constantOf(view, node.inputs[1] ?? '');
  const zeroPoint = constantOf(view, node.inputs[2] ?? '');
  if (scale !== undefined) checkScale(report, scale, `${at}/input 1`);
  if (scale !== undefined && zeroPoint !== undefined) checkShapes(report, scale, zeroPoint, `${at}/input 2`);
  if (opset === undefined || normalDomain(node.domain) !== '') return;
  checkType(report, scale?.dtype, scaleTypes, opset, opset >= 23 && isQuantize(node), `${at}/input 1`);
  checkType(report, zeroPoint?.dtype, zeroPointTypes, opset, isDequantize(node), `${at}/input 2`);
}

function checkType(
  report: Report,
  dtype: DataType | undefined,
  table: Types,
  opset: number,
  orInt32: boolean,
  at: string,
): void {
  if (dtype === undefined || (orInt32 && dtype === 'int32')) return;
  if (table.some(([since, names]) => since <= opset && names.includes(dtype))) return;
  const what = table === scaleTypes ? 'scale' : 'zero point';
  const known = table.flatMap(([since, names]) => (since <= opset ? names : []));
  const message = `The ${what} is ${dtype}; opset ${opset} takes ${[...known, ...(orInt32 ? ['int32'] : [])].join(', ')}.`;
  report.error('quantize-dtype', at, message, 'Convert it, or import an opset that takes it.');
}

function checkScale(report: Report, scale: Tensor, at: string): void {
  if (!isNumeric(scale.dtype) || scale.external !== undefined || storageOf(scale).kind === 'missing') return;
  report.attempt(at, () => {
    const values = valuesOf(scale);
    for (let i = 0; i < values.length; i++) {
      const value = Number(values[i]);
      if (value > 0 && value < Infinity) continue;
      const message = `Scale ${values.length > 1 ? `${i} ` : ''}is ${value}; a scale is finite and above zero.`;
      report.warning('quantize-scale', at, message, 'Calibrate the model again.');
      return;
    }
  });
}

/** One scale and one zero point each; `[]` and `[1]` both are one. */
function checkShapes(report: Report, scale: Tensor, zeroPoint: Tensor, at: string): void {
  const single = (tensor: Tensor) => tensor.dims.every((dim) => dim === 1) && tensor.dims.length < 2;
  if (scale.dims.join() === zeroPoint.dims.join() || (single(scale) && single(zeroPoint))) return;
  report.error(
    'quantize-shape',
    at,
    `The zero point has shape [${zeroPoint.dims}], the scale [${scale.dims}]; they have to be the same.`,
    'Repeat the zero point for every scale.',
  );
}

function factsOf(view: GraphView, value: string): Facts | undefined {
  const constant = constantOf(view, value);
  if (constant !== undefined) return constantFacts(constant);
  const type: Type | undefined = view.declared(value)?.type;
  return type === undefined || type.kind === 'none' ? undefined : { type };
}
