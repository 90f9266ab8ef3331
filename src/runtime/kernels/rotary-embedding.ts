import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, integersOf, makeArray, numbersOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Turns pairs of features by angles that grow with the position; the pair is neighbours or halves apart. */
export const rotaryEmbedding = kernel('RotaryEmbedding', {
  versions: [23],
  types: 'T, T, T, int64 -> T',
  where: { T: floats },
  run({ attributes, inputs: [x, cosInput, sinInput, places] }) {
    const { dims, dtype } = x!;
    const flat = dims.length === 3;
    const heads = flat ? attributes.num_heads : dims[1];
    if ((dims.length !== 3 && dims.length !== 4) || !heads || (flat && dims[2]! % heads !== 0))
      throw new ModelError('shape-mismatch', `RotaryEmbedding cannot find the heads of [${dims}].`);
    const batch = dims[0]!;
    const sequence = flat ? dims[1]! : dims[2]!;
    const size = flat ? dims[2]! / heads : dims[3]!;
    const turned = attributes.rotary_embedding_dim || size;
    const half = turned / 2;
    const interleaved = attributes.interleaved === 1;
    const positions = places && integersOf(places);
    const [cos, sin] = [numbersOf(cosInput!), numbersOf(sinInput!)];
    const source = numbersOf(x!);
    const target = allocateNumbers(dtype, dims);
    target.set(source as Float32Array);
    for (let n = 0; n < batch; n++) {
      for (let s = 0; s < sequence; s++) {
        const row = positions === undefined ? n * sequence + s : positions[n * sequence + s]!;
        for (let h = 0; h < heads; h++) {
          const start = flat
            ? ((n * sequence + s) * heads + h) * size
            : ((n * heads + h) * sequence + s) * size;
          for (let k = 0; k < half; k++) {
            const first = start + (interleaved ? 2 * k : k);
            const second = start + (interleaved ? 2 * k + 1 : k + half);
            const c = cos[row * half + k]!;
            const d = sin[row * half + k]!;
            target[first] = source[first]! * c - source[second]! * d;
            target[second] = source[first]! * d + source[second]! * c;
          }
        }
      }
    }
    return makeArray(dtype, dims, target);
  },
});
