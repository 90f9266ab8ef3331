import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, doublesOf, makeArray } from '../array.ts';
import { kernel } from '../kernel.ts';

/** What a row is divided by. */
const divisors = new Map<string, (row: Float64Array) => number>([
  ['MAX', (row) => row.reduce((most, x) => Math.max(most, x), -Infinity)],
  ['L1', (row) => row.reduce((sum, x) => sum + Math.abs(x), 0)],
  ['L2', (row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0))],
]);

/**
 * Divides each row by its largest element, its sum of magnitudes or its length; by nothing where that is zero.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxml_Normalizer.html
 */
export const normalizer = kernel<string>('Normalizer', {
  domain: 'ai.onnx.ml',
  versions: [1, 2, 3, 4, 5],
  types: 'T -> float32',
  where: { T: ['float32', 'float64', 'int64', 'int32'] },
  check({ attributes }) {
    const norm = attributes['norm'] ?? 'MAX';
    if (!divisors.has(norm as string))
      throw new ModelError('unsupported-attribute', `Normalizer has no norm "${norm}".`);
  },
  run({ attributes, inputs: [x] }) {
    const divisorOf = divisors.get((attributes['norm'] as string | undefined) ?? 'MAX')!;
    const width = x!.dims.at(-1) ?? 1;
    const source = doublesOf(x!);
    const target = allocateNumbers('float32', x!.dims);
    for (let start = 0; start < source.length; start += width) {
      const divisor = divisorOf(source.subarray(start, start + width)) || 1;
      for (let i = start; i < start + width; i++) target[i] = source[i]! / divisor;
    }
    return makeArray('float32', x!.dims, target);
  },
});
