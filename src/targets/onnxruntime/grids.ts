import { isDequantize, isQuantize, readQuantization, sameQuantization } from '../../analysis/index.ts';
import { type DataType, type GraphView, integerRange, type Node, tensor, valuesOf } from '../../ir/index.ts';
import { constantOf } from '../../ops/index.ts';
import { roundHalfEven } from '../../support/rounding.ts';
import type { Surgery } from './graph-pass.ts';

/** The 8-bit codes of a tensor with one scale: `code = round(x / scale) + zero`. */
export interface CodeGrid {
  readonly scale: number;
  readonly zero: number;
  readonly dtype: 'int8' | 'uint8';
}

/** A value that goes through Q and DQ. */
export interface QuantizedValue {
  /** The float value in front of the Q. */
  readonly value: string;
  readonly quantize: Node;
  readonly dequantize: Node;
}

/** What a DequantizeLinear's output was before it was quantized; `undefined` for constants and all other values. */
export function quantizedBehind(view: GraphView, value: string): QuantizedValue | undefined {
  const dequantize = view.producer(value);
  if (dequantize === undefined || !isDequantize(dequantize)) return undefined;
  const quantize = view.producer(dequantize.inputs[0] ?? '');
  if (quantize === undefined || !isQuantize(quantize)) return undefined;
  const from = quantize.inputs[0] ?? '';
  return constantOf(view, from) === undefined ? { value: from, quantize, dequantize } : undefined;
}

/** The float value that is read, through any pairs of Q and DQ in a row. */
export function rootOf(view: GraphView, value: string): string {
  let root = value;
  for (let behind = quantizedBehind(view, root); behind !== undefined; behind = quantizedBehind(view, root))
    root = behind.value;
  return root;
}

/** QuantizeLinear nodes that read a value. */
export function quantizersOn(view: GraphView, value: string): readonly Node[] {
  return view.uses(value).flatMap(({ node, index }) => (index === 0 && isQuantize(node) ? [node] : []));
}

/** DequantizeLinear nodes that read what a QuantizeLinear makes. */
export function dequantizersOn(view: GraphView, quantize: Node): readonly Node[] {
  const codes = quantize.outputs[0] ?? '';
  return view.uses(codes).flatMap(({ node, index }) => (index === 0 && isDequantize(node) ? [node] : []));
}

/**
 * The grid of a Q with its DQs; `undefined` unless it is one positive constant scale to 8 bits, and the codes go to
 * DequantizeLinear nodes of the same grid and nowhere else.
 */
export function gridOf(view: GraphView, quantize: Node): CodeGrid | undefined {
  const quantization = readQuantization(view, quantize);
  const { scale, zeroPoint, dtype } = quantization;
  if (scale?.size !== 1 || scale.dtype !== 'float32' || zeroPoint?.size !== 1) return undefined;
  if (dtype !== 'int8' && dtype !== 'uint8') return undefined;
  const codes = quantize.outputs[0] ?? '';
  const readers = dequantizersOn(view, quantize);
  if (view.isOutput(codes) || view.uses(codes).length !== readers.length) return undefined;
  if (!readers.every((reader) => sameQuantization(quantization, readQuantization(view, reader))))
    return undefined;
  const grid = { scale: Number(valuesOf(scale)[0]), zero: Number(valuesOf(zeroPoint)[0]), dtype };
  return grid.scale > 0 && Number.isFinite(grid.scale) ? grid : undefined;
}

/** The real numbers between which nothing saturates. */
export function rangeOf({ scale, zero, dtype }: CodeGrid): readonly [low: number, high: number] {
  const { min, max } = integerRange(dtype)!;
  return [(min - zero) * scale, (max - zero) * scale];
}

/** Whether two grids hold the same numbers: int8 and uint8 of zero points 128 apart do. */
export function sameNumbers(a: CodeGrid, b: CodeGrid): boolean {
  return a.scale === b.scale && unsigned(a).zero === unsigned(b).zero;
}

/** The grid of the same numbers with codes from 0 to 255. */
export function unsigned({ scale, zero, dtype }: CodeGrid): CodeGrid {
  return { scale, zero: dtype === 'int8' ? zero + 128 : zero, dtype: 'uint8' };
}

/** The unsigned grid that spends its 255 steps on a range; zero is always among its numbers. */
export function gridFor(low: number, high: number): CodeGrid {
  const [from, to] = [Math.min(0, low), Math.max(0, high)];
  const scale = Math.fround((to - from) / 255);
  // Below the smallest normal number a quotient loses its digits; such a tensor holds zeros for all we can tell.
  if (!(scale >= 2 ** -126 && Number.isFinite(scale))) return { scale: 1, zero: 0, dtype: 'uint8' };
  return { scale, zero: Math.min(255, Math.max(0, roundHalfEven(-from / scale))), dtype: 'uint8' };
}

/** Adds scale and zero point of a grid as constants; gives their names. */
export function gridConstants(surgery: Surgery, value: string, grid: CodeGrid): readonly [string, string] {
  const scale = surgery.constant(`${value}_scale`, tensor('float32', [], [grid.scale]));
  const zero = surgery.constant(`${value}_zero_point`, tensor(grid.dtype as DataType, [], [grid.zero]));
  return [scale, zero];
}

/**
 * Gives a Q and its DQs another grid; gives the nodes before and after. Codes of another type are another value: they get
 * a name of their own, and what the model declares of the old one is gone with it.
 */
export function regrid(surgery: Surgery, quantize: Node, value: string, grid: CodeGrid) {
  const { session } = surgery;
  const [scale, zero] = gridConstants(surgery, value, grid);
  const readers = dequantizersOn(session, quantize);
  const isOther = readQuantization(session, quantize).dtype !== grid.dtype;
  const codes = isOther ? surgery.name(`${value}_quantized`) : quantize.outputs[0]!;
  const after = [
    surgery.reroute(quantize, [quantize.inputs[0]!, scale, zero], [codes]),
    ...readers.map((reader) => surgery.reroute(reader, [codes, scale, zero])),
  ];
  return { before: [quantize, ...readers], after };
}

/** A grid in words. */
export function describeGrid(grid: CodeGrid): string {
  const [low, high] = rangeOf(grid);
  const short = (x: number) => String(Number(x.toPrecision(4)));
  return `scale ${short(grid.scale)}, zero point ${grid.zero}, ${short(low)} … ${short(high)}`;
}
