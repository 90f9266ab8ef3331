import {
  isDequantize,
  isQuantize,
  type Quantization,
  readQuantization,
  scaleValues,
  zeroPointValues,
} from '../analysis/index.ts';
import { type DataType, type Model, type Node, type Tensor, tensor, valuesOf, viewOf } from '../ir/index.ts';
import { copiesElements } from '../ops/index.ts';

/** A grid of values that a quantizer rounds to: `(code - zeroPoint) · scale`, per tensor or along an axis. */
export interface Grid {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  /** Element type of the codes. */
  readonly dtype: DataType;
  /** Axis the scales run along; absent when there is one scale. */
  readonly axis?: number;
}

const longestWay = 100;

/**
 * The grids of the quantizers that read a graph input, directly or behind operators that only move elements: where
 * rounding ties are. An input that is stored quantized has the grid of its DequantizeLinear.
 */
export function gridsAfterInput(model: Model, input: string): readonly Grid[] {
  const view = viewOf(model);
  const grids: Grid[] = [];
  const seen = new Set<string>();
  const open = [input];
  while (open.length > 0 && seen.size < longestWay) {
    const value = open.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    for (const { node, index } of view.uses(value)) {
      if (index !== 0) continue;
      const grid = quantizes(node) ? gridOf(readQuantization(view, node)) : undefined;
      if (grid !== undefined) grids.push(grid);
      if (keepsElements(node)) open.push(...node.outputs.filter((name) => name !== ''));
    }
  }
  return grids;
}

/**
 * The grid a graph output lies on: that of the last QuantizeLinear or DequantizeLinear, as long as only operators that
 * move elements follow it. `undefined` for an output that is computed after its last quantizer.
 */
export function gridOfOutput(model: Model, output: string): Grid | undefined {
  const view = viewOf(model);
  let value = output;
  for (let steps = 0; steps < longestWay; steps++) {
    const node = view.producer(value);
    if (node === undefined) return undefined;
    if (quantizes(node)) {
      const grid = gridOf(readQuantization(view, node));
      return grid?.axis !== undefined && steps > 0 ? undefined : grid;
    }
    if (!keepsElements(node)) return undefined;
    value = node.inputs[0] ?? '';
  }
  return undefined;
}

/** The smallest scale of a grid: a distance of one quantum, told strictly where there are several. */
export function quantumOf(grid: Grid): number {
  return Math.min(...grid.scales);
}

/** Whether two grids have the same values, whatever their codes are called. */
export function sameSteps(a: Grid, b: Grid): boolean {
  return a.scales.length === b.scales.length && a.scales.every((scale, i) => scale === b.scales[i]);
}

/** The values that codes stand for, as DequantizeLinear computes them: float32. */
export function dequantize(codes: Tensor, grid: Grid): Tensor {
  const values = valuesOf(codes);
  const channel = channelOf(codes.dims, grid);
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) {
    const c = channel(i);
    result[i] = (Number(values[i]!) - (grid.zeroPoints[c] ?? 0)) * grid.scales[c]!;
  }
  return tensor('float32', codes.dims, result);
}

/** Which scale of a grid an element in row-major order has. */
export function channelOf(dims: readonly number[], { axis, scales }: Grid): (element: number) => number {
  if (axis === undefined || scales.length === 1) return () => 0;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return (element) => Math.floor(element / inner) % scales.length;
}

function gridOf(quantization: Quantization): Grid | undefined {
  const { dtype, granularity, axis } = quantization;
  const [scales, zeroPoints] = [scaleValues(quantization), zeroPointValues(quantization)];
  if (scales === undefined || zeroPoints === undefined || dtype === undefined) return undefined;
  if (scales.length === 0 || granularity === 'block' || (axis !== undefined && axis < 0)) return undefined;
  return { scales, zeroPoints, dtype, ...(axis === undefined ? {} : { axis }) };
}

/** Whether a node's output elements are elements of its first input, or zero: a value keeps its grid on the way through. */
function keepsElements(node: Node): boolean {
  return copiesElements(node) || ['Pad', 'Relu', 'MaxPool'].includes(node.opType);
}

function quantizes(node: Node): boolean {
  return isQuantize(node) || isDequantize(node);
}
