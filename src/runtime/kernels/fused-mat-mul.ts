import { type NdArray, stridesOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { multiplyFloats } from '../float/matmul.ts';
import { summationOf } from '../float/sums.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { copyStrided } from '../strided.ts';

/** α·A′·B′: MatMul of matrices that are transposed, or whose first axis is the rows of matrices that the others count. */
export const fusedMatMul = kernel<string>('FusedMatMul', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, T -> T',
  where: { T: floats },
  run({ attributes, inputs: [a, b], conventions }) {
    const is = (name: string) => attributes[name] === 1;
    const left = turned(a!, is('transA'), is('transBatchA'));
    const right = turned(b!, is('transB'), is('transBatchB'));
    const shape = matMulShape(left.dims, right.dims);
    const product = multiplyFloats(left, right, shape, summationOf(a!.dtype, conventions.sums));
    const alpha = (attributes['alpha'] as number | undefined) ?? 1;
    return alpha === 1 ? product : mapElements(product, a!.dtype, (sum) => alpha * sum);
  },
});

/** The axes in the order [batch…, rows, columns]; a vector is not turned. */
function turned(x: NdArray, transposes: boolean, batches: boolean): NdArray {
  const rank = x.dims.length;
  if (rank < 2 || !(transposes || batches)) return x;
  const axes = x.dims.map((_, axis) => axis);
  const order = batches ? [...axes.slice(1, -1), 0, rank - 1] : axes;
  if (transposes) order.push(...order.splice(rank - 2).reverse());
  const strides = stridesOf(x.dims);
  return copyStrided(
    x,
    order.map((axis) => x.dims[axis]!),
    order.map((axis) => strides[axis]!),
  );
}
