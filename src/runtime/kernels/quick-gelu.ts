import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { logistic32 } from '../special.ts';

/** y = x·σ(α·x), each step rounded. With α = 1 this is SiLU. */
export const quickGelu = kernel<string>('QuickGelu', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T -> T',
  where: { T: floats },
  run({ attributes, inputs: [x] }) {
    const alpha = (attributes['alpha'] as number | undefined) ?? Math.fround(1.702);
    const gate =
      x!.dtype === 'float32'
        ? (value: number) => logistic32(Math.fround(alpha * value))
        : (value: number) => 1 / (1 + Math.exp(-alpha * value));
    return mapElements(x!, x!.dtype, (value) => value * gate(value));
  },
});
