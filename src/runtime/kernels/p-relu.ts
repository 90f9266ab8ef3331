import { isWide, type NdArray, reshaped } from '../array.ts';
import { floats } from '../dtypes.ts';
import { opaque, zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x for x ≥ 0, slope·x below; before version 7 a vector of slopes is one for each channel. */
export const pRelu = kernel('PRelu', {
  versions: [1, 6, 7, 9, 16],
  types: 'T, T -> T',
  where: { T: [...floats, 'int32', 'uint32', 'int64', 'uint64'] },
  run({ inputs: [x, given], version }) {
    const slope = version < 7 ? perChannel(given!, x!.dims.length) : given!;
    const { dtype } = x!;
    if (isWide(dtype))
      return zipElements(
        x!,
        slope,
        dtype,
        opaque((v, s) => (v! < 0n ? s! * v! : v!)),
      );
    const multiply = floats.includes(dtype) ? (s: number, v: number) => s * v : Math.imul;
    return zipElements(x!, slope, dtype, (v, s) => (v < 0 ? multiply(s, v) : v));
  },
});

function perChannel(slope: NdArray, rank: number): NdArray {
  if (slope.dims.length !== 1 || rank < 3) return slope;
  return reshaped(slope, [slope.dims[0]!, ...new Array<number>(rank - 2).fill(1)]);
}
