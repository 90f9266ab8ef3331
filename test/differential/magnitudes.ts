import { type Tensor, tensor } from '../../src/ir/index.ts';
import { largestOf } from './compare.ts';
import { compute, type Step } from './graph.ts';

const linear = new Set([
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Gemm',
  'Einsum',
  'AveragePool',
  'GlobalAveragePool',
  'ReduceSum',
  'ReduceMean',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'CumSum',
  'Sum',
  'Mean',
  'Resize',
  'LpPool',
  'GlobalLpPool',
  'BatchNormalization',
  'ScatterElements',
  'ScatterND',
  'FusedConv',
  'FusedGemm',
  'FusedMatMul',
]);

/** The largest sum on the way of a linear operator: its largest result on the magnitudes of its float inputs. */
export function magnitudes({ node, inputs }: Step, output: number, opset: number): number {
  if (!linear.has(node.opType)) return 0;
  const outputs = compute(node, inputs.map(magnitude), opset);
  const result = outputs instanceof Error ? undefined : outputs[output];
  return result === undefined ? 0 : largestOf(result);
}

function magnitude(x: Tensor | undefined): Tensor | undefined {
  if (x === undefined || !/^b?float/.test(x.dtype)) return x;
  return tensor(x.dtype, x.dims, (x.toTypedArray() as Float32Array).map(Math.abs));
}
