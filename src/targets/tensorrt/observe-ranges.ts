import { type Finding, type Pass, pass } from '../../rewrite/index.ts';
import type { Range } from '../../rules/index.ts';
import type { Calibration } from '../onnxruntime/calibration.ts';

const name = 'observe-ranges';

/** Ranges of values by name. It remembers what it was asked for in vain, so that just that can be measured. */
export class WantedRanges extends Map<string, Range> {
  readonly wanted = new Set<string>();

  override has(value: string): boolean {
    const known = super.has(value);
    if (!known) this.wanted.add(value);
    return known;
  }

  override get(value: string): Range | undefined {
    return this.has(value) ? super.get(value) : undefined;
  }
}

/**
 * Runs the model on calibration inputs, and notes the ranges that rules have asked for in vain. Changes nothing: it stands
 * between two turns of the rules that add quantizers.
 */
export function observeRanges(calibration: Calibration, ranges: WantedRanges): Pass {
  return pass({
    name,
    summary: 'Runs the model on calibration inputs, and notes the ranges that rules ask for.',
    reason: 'A quantizer where there was none needs a scale, and nothing in the graph tells it.',
    condition: 'A rule that adds quantizers has met a value that no quantizer reads.',
    run(model) {
      const values = new Set(ranges.wanted);
      ranges.wanted.clear();
      const observed = values.size === 0 ? [] : calibration.observe(model, values);
      for (const [value, { min, max }] of observed) ranges.set(value, { min, max });
      return { model, rewrites: [], findings: findings(ranges.size, calibration) };
    },
  });
}

function findings(count: number, { isRecorded, source }: Calibration): readonly Finding[] {
  if (isRecorded || count === 0) return [];
  const values = count === 1 ? 'the range of a value comes' : `the ranges of ${count} values come`;
  return [{ rule: name, at: 'main', message: `${values} from ${source}` }];
}
