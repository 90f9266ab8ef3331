import { isQuantize, readQuantization } from '../../analysis/index.ts';
import type { Observation } from '../../calibration/index.ts';
import type { GraphView, Node } from '../../ir/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { type Bounds, boundsOf, isOfOneSign } from './bounds.ts';
import { Calibration } from './calibration.ts';
import { graphPass, type Surgery } from './graph-pass.ts';
import {
  type CodeGrid,
  dequantizersOn,
  describeGrid,
  gridConstants,
  gridFor,
  gridOf,
  quantizersOn,
  rangeOf,
  sameNumbers,
} from './grids.ts';
import { type IntegerNode, integerRegion, regionValues } from './region.ts';

/**
 * Gives every value between operators that can run on codes one pair of Q and DQ, read by all its readers.
 *
 * ONNX Runtime fuses an operator when each of its inputs comes from a DQ and its output goes to a Q and nowhere else. An
 * export for another engine has quantizers in front of convolutions only; the outputs of convolutions, activations, sums
 * and pools still need theirs. Where a value has a scale it keeps it. Where a copy or a Concat lies between it and one
 * that has, it takes that. Everything else is measured.
 */
export function quantizeValues(calibration = new Calibration()): Pass {
  return graphPass({
    name: 'quantize-values',
    summary: 'operators between quantized ones ⇒ the same, with Q → DQ on every value between them',
    reason: 'ONNX Runtime runs an operator on codes only when all its inputs and its output are quantized.',
    condition: 'Operators the engine has integer kernels for, between quantized inputs and readers.',
    sources: [
      'https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html#onnx-quantization-representation-format',
    ],
    effect: 'scale',
    change(surgery, model) {
      const { session } = surgery;
      const region = integerRegion(session, model.graph);
      const values = regionValues(session, region);
      const grids = gridsOf(session, region, values);
      const missing = values.filter((value) => !grids.has(value) || grids.get(value) === 'measure');
      const seen = missing.length === 0 ? none : calibration.observe(model, new Set(missing));
      const chosen = chooseGrids(session, grids, seen, neighboursOf(session, region));
      const place = new Placement(surgery, region);
      for (const value of values) {
        const grid = chosen.get(value);
        if (grid === undefined) surgery.report(value, `${calibration.unseen} The value stays float.`);
        else place.put(value, grid, grids.get(value) === 'measure' ? calibration.source : undefined);
      }
    },
  });
}

const none: ReadonlyMap<string, Observation> = new Map();

type Grids = ReadonlyMap<string, CodeGrid | 'measure'>;

/** The grid each value has or takes over from its neighbours, or that it has to be measured. */
function gridsOf(view: GraphView, region: readonly IntegerNode[], values: readonly string[]): Grids {
  const own = new Map<string, CodeGrid>();
  for (const value of values) {
    const grid = widestOn(view, value);
    if (grid !== undefined) own.set(value, grid);
  }
  const neighbours = neighboursOf(view, region);
  const grids = new Map<string, CodeGrid | 'measure'>(own);
  const pending = [...own.keys()];
  for (let value = pending.shift(); value !== undefined; value = pending.shift()) {
    for (const near of neighbours.get(value) ?? []) {
      if (grids.has(near)) continue;
      grids.set(near, grids.get(value)!);
      pending.push(near);
    }
  }
  for (const value of values) if (!grids.has(value)) grids.set(value, 'measure');
  return grids;
}

/** The widest grid among the quantizers of a value. */
function widestOn(view: GraphView, value: string): CodeGrid | undefined {
  const grids = quantizersOn(view, value).flatMap((quantize) => gridOf(view, quantize) ?? []);
  const width = (grid: CodeGrid) => rangeOf(grid)[1] - rangeOf(grid)[0];
  return grids.reduce<CodeGrid | undefined>(
    (widest, grid) => (widest === undefined || width(grid) > width(widest) ? grid : widest),
    undefined,
  );
}

/** Values that share a grid for nothing: on both sides of a copy or a Concat. */
function neighboursOf(
  view: GraphView,
  region: readonly IntegerNode[],
): ReadonlyMap<string, readonly string[]> {
  const neighbours = new Map<string, string[]>();
  const join = (a: string, b: string) => {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  };
  for (const integer of region) {
    const { kind, node } = integer;
    const isJoining = kind === 'copy' || (node.opType === 'Concat' && isOfOneSign(view, node));
    if (!isJoining || integer.isLast) continue;
    for (const input of regionValues(view, [integer]))
      if (input !== integer.output) join(input, integer.output);
  }
  return neighbours;
}

/** Grids for what had to be measured, from what was seen; values joined by copies and Concats get one grid. */
function chooseGrids(
  view: GraphView,
  grids: Grids,
  seen: ReadonlyMap<string, Observation>,
  neighbours: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, CodeGrid> {
  const chosen = new Map<string, CodeGrid>();
  for (const [value, grid] of grids) {
    if (grid !== 'measure') chosen.set(value, grid);
    else if (!chosen.has(value)) {
      const group = joinedTo(value, neighbours);
      const ranges = group
        .map((member) => rangeSeen(view, member, seen.get(member)))
        .filter((range) => range !== undefined);
      if (ranges.length < group.length) continue;
      const low = Math.min(...ranges.map((range) => range[0]));
      const high = Math.max(...ranges.map((range) => range[1]));
      for (const member of group) chosen.set(member, gridFor(low, high));
    }
  }
  return chosen;
}

/** A value and all that have to share its grid. */
function joinedTo(value: string, neighbours: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const group = new Set([value]);
  for (const member of group) for (const near of neighbours.get(member) ?? []) group.add(near);
  return [...group];
}

/** What a value was seen to hold, within what it can hold at all. */
function rangeSeen(view: GraphView, value: string, seen: Observation | undefined): Bounds | undefined {
  if (seen === undefined || !(seen.min <= seen.max)) return undefined;
  const [low, high] = boundsOf(view, value);
  return [Math.max(low, seen.min), Math.min(high, seen.max)];
}

/** Puts pairs on values and leads readers to them. */
class Placement {
  readonly #surgery: Surgery;
  readonly #made: ReadonlySet<string>;
  /** Region nodes by the value they make: nodes change while pairs are put. */
  readonly #positions: ReadonlyMap<string, readonly number[]>;

  constructor(surgery: Surgery, region: readonly IntegerNode[]) {
    this.#surgery = surgery;
    this.#made = new Set(region.map(({ output }) => output));
    this.#positions = new Map(region.map(({ node, positions }) => [node.outputs[0]!, positions]));
  }

  put(value: string, grid: CodeGrid, measured: string | undefined): void {
    const { session } = this.#surgery;
    const kept = quantizersOn(session, value).find((quantize) => {
      const own = gridOf(session, quantize);
      return own !== undefined && sameNumbers(own, grid) && dequantizersOn(session, quantize).length > 0;
    });
    const added = kept === undefined ? this.#makePair(value, grid) : [];
    const dequantized =
      kept === undefined ? added[1]!.outputs[0]! : dequantizersOn(session, kept)[0]!.outputs[0]!;
    // From opset 23 on a pair of another scale type gives values of that type.
    const others = quantizersOn(session, value).filter(
      (quantize) =>
        quantize !== kept &&
        quantize !== added[0] &&
        readQuantization(session, quantize).scale?.dtype === 'float32',
    );
    const before: Node[] = [];
    const after: Node[] = [...added];
    for (const reader of this.#floatReaders(value)) {
      before.push(reader);
      after.push(this.#lead(reader, value, dequantized));
    }
    for (const quantize of others) {
      for (const { outputs } of dequantizersOn(session, quantize)) {
        before.push(...session.readers(outputs[0]!));
        after.push(...session.rewire(outputs[0]!, dequantized));
      }
    }
    if (after.length === 0) return;
    const source = measured === undefined ? '' : `, measured on ${measured}`;
    this.#surgery.record({ at: value, before, after, note: `"${value}": ${describeGrid(grid)}${source}` });
  }

  #makePair(value: string, grid: CodeGrid): readonly [Node, Node] {
    const [scale, zero] = gridConstants(this.#surgery, value, grid);
    const quantize = this.#surgery.node('QuantizeLinear', [value, scale, zero], `${value}_quantized`);
    const codes = quantize.outputs[0]!;
    const dequantize = this.#surgery.node('DequantizeLinear', [codes, scale, zero], `${value}_dequantized`);
    this.#surgery.session.append(quantize);
    this.#surgery.session.append(dequantize);
    return [quantize, dequantize];
  }

  /**
   * Who has to read codes from now on: everybody, where an integer kernel makes the value, as nothing else will be left
   * of it; else only the nodes that are to run on codes.
   */
  #floatReaders(value: string): readonly Node[] {
    const { session } = this.#surgery;
    return [...session.readers(value)].filter((node) => {
      if (isQuantize(node)) return false;
      return this.#made.has(value) || this.#positionsOf(node).some((i) => node.inputs[i] === value);
    });
  }

  #positionsOf(node: Node): readonly number[] {
    return this.#positions.get(node.outputs[0] ?? '') ?? [];
  }

  #lead(reader: Node, value: string, dequantized: string): Node {
    const positions = this.#made.has(value) ? reader.inputs.map((_, i) => i) : this.#positionsOf(reader);
    const inputs = reader.inputs.map((input, i) =>
      input === value && positions.includes(i) ? dequantized : input,
    );
    return this.#surgery.reroute(reader, inputs);
  }
}
