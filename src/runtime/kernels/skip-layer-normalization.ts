import { floats } from '../dtypes.ts';
import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { normalizeLayers } from './layer-normalization.ts';

/** LayerNormalization over the last axis of the sum of an array, a skip connection and a bias; the sum is the fourth output. */
export const skipLayerNormalization = kernel<string>('SkipLayerNormalization', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, T, T, T, T -> T, float32, float32, T',
  where: { T: floats },
  run({ attributes, inputs: [x, skip, gamma, beta, bias] }) {
    const add = (a: number, b: number) => a + b;
    const both = zipElements(x!, skip!, x!.dtype, add);
    const sum = bias === undefined ? both : zipElements(both, bias, x!.dtype, add);
    const epsilon = (attributes['epsilon'] as number | undefined) ?? 1e-12;
    const layers = normalizeLayers(sum, sum.dims.length - 1, gamma!, beta, epsilon, 'float32');
    return [...layers, sum];
  },
});
