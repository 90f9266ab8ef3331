import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import { normalDomain } from '../schema.ts';
import type { Call, Register } from './call.ts';
import { type Facts, tensorFacts } from './facts.ts';

/** QuantizeLinear and its kin. */
export function registerQuantize(register: Register): void {
  for (const domain of ['', 'com.microsoft']) {
    register('QuantizeLinear', quantize, domain);
    register('DequantizeLinear', dequantize, domain);
  }
  register('DynamicQuantizeLinear', (call) => [
    tensorFacts('uint8', call.shape(0)),
    tensorFacts('float32', []),
    tensorFacts('uint8', []),
  ]);
}

function quantize(call: Call): readonly Facts[] {
  checkScale(call);
  const asked = typeFromAttribute(call);
  const zeroPoint = call.dtype(2);
  if (asked !== undefined && zeroPoint !== undefined && asked !== zeroPoint)
    call.fail('dtype-mismatch', `output_dtype asks for ${asked}, but the zero point is ${zeroPoint}.`);
  const dtype = call.has(2) ? (zeroPoint ?? asked) : (asked ?? 'uint8');
  return [tensorFacts(dtype, call.shape(0))];
}

function dequantize(call: Call): readonly Facts[] {
  checkScale(call);
  call.sharedType([0, 2]);
  return [tensorFacts(typeFromAttribute(call) ?? call.dtype(1), call.shape(0))];
}

function typeFromAttribute(call: Call): DataType | undefined {
  const code = call.int('output_dtype', 0);
  return code === 0 ? undefined : dataTypeFromCode(code);
}

/** One scale per tensor, per slice along the axis, or per block: the shape of the scale tells, and has to fit. */
function checkScale(call: Call): void {
  const [x, scale] = [call.shape(0), call.shape(1)];
  if (x === undefined || scale === undefined || scale.length === 0) return;
  if (scale.length === 1 && (scale[0] === 1 || typeof scale[0] !== 'number')) return;
  if (normalDomain(call.node.domain) === '' && call.opset < 13)
    call.fail('rank-mismatch', `the scale has shape [${scale}]; before opset 13 it has to be a scalar.`);
  const axis = call.axis(call.int('axis', 1), x.length);
  if (scale.length === 1) {
    call.equalDims(x[axis], scale[0], `the length of axis ${axis} and the number of scales`);
    return;
  }
  if (scale.length !== x.length)
    call.fail('rank-mismatch', `the scale has rank ${scale.length}, the tensor rank ${x.length}.`);
  const block = call.int('block_size', 0);
  x.forEach((dim, i) => {
    const blocks =
      i === axis && block > 0 && typeof dim === 'number'
        ? Math.ceil(dim / block)
        : i === axis
          ? undefined
          : dim;
    call.equalDims(blocks, scale[i], `the number of scales along axis ${i}`);
  });
}
