import { type DataType, dataTypeFromCode, findDataType } from '../../ir/index.ts';
import { attributeValue } from '../attributes.ts';
import { constantValue } from '../constants.ts';
import type { Call, Register } from './call.ts';
import {
  type Contents,
  constantFacts,
  countOf,
  type Dim,
  maxContents,
  type Shape,
  tensorFacts,
} from './facts.ts';

/** Operators that make tensors from attributes, shapes and numbers. */
export function registerCreate(register: Register): void {
  register('Constant', (call) => {
    const tensor = constantValue(call.node);
    if (tensor !== undefined) return [constantFacts(tensor)];
    const sparse = attributeValue(call.node, 'sparse_value', 'SPARSE_TENSOR');
    return [sparse && tensorFacts(sparse.values?.dtype, sparse.dims)];
  });
  register('ConstantOfShape', (call) => {
    const asked = call.contents(0);
    const value = attributeValue(call.node, 'value', 'TENSOR');
    const fill = value && constantFacts(value).contents?.[0];
    const shape = asked?.map((dim): Dim => {
      if (typeof dim === 'number' && dim < 0)
        call.fail('shape-mismatch', `the shape [${asked}] has a negative length.`);
      return dim;
    });
    const contents = filled(shape, value === undefined ? 0 : fill);
    return [tensorFacts(value?.dtype ?? 'float32', shape ?? unknownOfRank(call.shape(0)), contents)];
  });
  register('Shape', (call) => {
    const x = call.shape(0);
    if (x === undefined) return [tensorFacts('int64', [undefined])];
    const clamp = (at: number) => Math.min(x.length, Math.max(0, at < 0 ? at + x.length : at));
    const part = x.slice(clamp(call.int('start', 0)), clamp(call.int('end', x.length)));
    return [tensorFacts('int64', [part.length], part)];
  });
  register('Size', (call) => [tensorFacts('int64', [], [countOf(call.shape(0))])]);
  register('Range', (call) => {
    const dtype = call.sharedType([0, 1, 2]);
    const [start, limit, delta] = [0, 1, 2].map((i) => call.numbers(i)?.[0]);
    if (start === undefined || limit === undefined || delta === undefined) {
      const whole = start === 0 && delta === 1;
      const symbol = call.contents(1)?.[0];
      return [tensorFacts(dtype, [whole && typeof symbol === 'string' ? symbol : undefined])];
    }
    if (delta === 0) call.fail('attribute-value', 'a delta of 0 never gets anywhere.');
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    if (!Number.isSafeInteger(count)) return [tensorFacts(dtype, [undefined])];
    const integers = dtype !== undefined && findDataType(dtype)?.kind !== 'float';
    const contents =
      integers && count <= maxContents
        ? Array.from({ length: count }, (_, i) => start + i * delta)
        : undefined;
    return [tensorFacts(dtype, [count], contents)];
  });
  register('ImageDecoder', (call) => {
    const channels = call.text('pixel_format', 'RGB') === 'Grayscale' ? 1 : 3;
    return [tensorFacts('uint8', [undefined, undefined, channels])];
  });
  register('EyeLike', (call) => [tensorFacts(typeFrom(call, call.dtype(0)), call.shape(0))]);
  register('RandomNormalLike RandomUniformLike', (call) => [
    tensorFacts(typeFrom(call, call.dtype(0)), call.shape(0)),
  ]);
  register('Bernoulli', (call) => [tensorFacts(typeFrom(call, call.dtype(0)), call.shape(0))]);
  register('RandomNormal RandomUniform', (call) => [
    tensorFacts(typeFrom(call, 'float32'), call.ints('shape')),
  ]);
  register('Multinomial', (call) => [
    tensorFacts(typeFrom(call, 'int32'), [call.shape(0)?.[0], call.int('sample_size', 1)]),
  ]);
}

function typeFrom(call: Call, fallback: DataType | undefined): DataType | undefined {
  const code = call.findInt('dtype');
  return code === undefined ? fallback : dataTypeFromCode(code);
}

function filled(shape: Shape, value: number | string | undefined): Contents | undefined {
  const count = countOf(shape);
  return count === undefined || count > maxContents ? undefined : new Array(count).fill(value);
}

/** A shape of as many unknown lengths as the tensor that will hold it has elements. */
function unknownOfRank(shape: Shape): Shape {
  const rank = shape?.[0];
  return typeof rank === 'number' && rank <= 64 ? new Array<Dim>(rank).fill(undefined) : undefined;
}
