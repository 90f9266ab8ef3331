import { channelsFirst, channelsLast } from '../blocks.ts';
import { bytes } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import type { PoolAttributes } from '../pool.ts';
import { largestInWindows } from './max-pool.ts';

/** MaxPool of codes [N, spatial…, C]. */
export const nhwcMaxPool = kernel<string>('NhwcMaxPool', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T -> T',
  where: { T: bytes },
  run: ({ attributes, inputs: [x] }: KernelCall) =>
    channelsLast(largestInWindows(channelsFirst(x!), attributes as PoolAttributes)),
});
