import { isQuantize } from '../../analysis/index.ts';
import type { Observation } from '../../calibration/index.ts';
import type { GraphView, Model, Node } from '../../ir/index.ts';
import { constantOf } from '../../ops/index.ts';
import { type JoinOptions, scaleGroups } from '../../passes/index.ts';
import type { Pass } from '../../rewrite/index.ts';
import { boundsOf } from './bounds.ts';
import { Calibration } from './calibration.ts';
import { graphPass } from './graph-pass.ts';
import { type CodeGrid, describeGrid, gridFor, gridOf, rangeOf, regrid, sameNumbers } from './grids.ts';

/**
 * Q(int8, scale, 0) → DQ  ⇒  Q(uint8, scale′, zero′) → DQ
 *
 * A symmetric quantizer spends half of its codes on negative numbers. Behind a Relu there are none, behind a SiLU hardly
 * any: spread between the smallest number there can be and the largest, codes lie almost twice as close. And a trained
 * scale often cuts off the largest numbers; where calibration has seen such, the range is widened to them.
 *
 * Quantizers that share a scale across copies and Concats change together, by the numbers of all of them.
 */
export function useWholeRange(calibration = new Calibration(), join: JoinOptions = {}): Pass {
  return graphPass({
    name: 'use-whole-range',
    summary:
      'Q → DQ with symmetric int8 codes ⇒ Q → DQ with uint8 codes between the least and the largest number',
    reason:
      'Half the codes of a symmetric quantizer are never used behind an activation; used, they halve the error.',
    condition:
      'int8 with zero point 0; the least number by the operators above, the largest as trained or as seen.',
    sources: ['https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html'],
    effect: 'scale',
    change(surgery, model) {
      const { session } = surgery;
      const groups = groupsOf(model, session, join).flatMap((group) => {
        const grid = sharedGrid(session, group);
        return grid?.dtype === 'int8' && grid.zero === 0 ? [{ group, grid }] : [];
      });
      if (groups.length === 0) return;
      const values = groups.flatMap(({ group }) => group.map((quantize) => quantize.inputs[0]!));
      const seen = calibration.observe(model, new Set(values));
      for (const { group, grid } of groups) {
        const after = spread(session, group, grid, seen);
        for (const quantize of group) {
          const value = quantize.inputs[0]!;
          const nodes = regrid(surgery, quantize, value, after);
          const note = `"${value}": ${describeGrid(grid)} → ${describeGrid(after)}; ${calibration.source}`;
          surgery.record({ at: value, ...nodes, note });
        }
      }
    },
  });
}

/** Activation quantizers: those that share a scale together, the others alone. */
function groupsOf(model: Model, view: GraphView, join: JoinOptions): readonly (readonly Node[])[] {
  const groupOf = new Map<string, number>();
  scaleGroups(model, join).forEach((group, i) => {
    if (group.graph !== 'main' || group.refused !== undefined) return;
    for (const { tensor } of group.members) groupOf.set(tensor, i);
  });
  const groups = new Map<Node | number, Node[]>();
  for (const node of model.graph.nodes) {
    const value = node.inputs[0] ?? '';
    if (!isQuantize(node) || constantOf(view, value) !== undefined) continue;
    const key = groupOf.get(value) ?? node;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()];
}

/** The grid all quantizers of a group have; `undefined` where they differ. */
function sharedGrid(view: GraphView, group: readonly Node[]): CodeGrid | undefined {
  const [first, ...others] = group.map((quantize) => gridOf(view, quantize));
  if (first === undefined) return undefined;
  return others.every((grid) => grid !== undefined && sameNumbers(grid, first)) ? first : undefined;
}

/** The grid of all numbers the old one kept and calibration has seen, without those that there cannot be. */
function spread(
  view: GraphView,
  group: readonly Node[],
  grid: CodeGrid,
  seen: ReadonlyMap<string, Observation>,
): CodeGrid {
  const [, top] = rangeOf(grid);
  const ranges = group.map((quantize) => {
    const value = quantize.inputs[0]!;
    const [low, high] = boundsOf(view, value);
    const { min = 0, max = 0 } = seen.get(value) ?? {};
    return [Math.max(low, Math.min(min, -top)), Math.min(high, Math.max(max, top))] as const;
  });
  return gridFor(Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high)));
}
