import { foldBatchNormIntoConv, quantizeBeforePad, shareEqualQuantizers } from '../src/rules/index.ts';
import { checkRule } from '../src/testing/index.ts';
import { museum } from '../test/wrong-rules/index.ts';
import { median, table } from './support.ts';

/** Models per second that rules are checked on, and how many it takes to refute a wrong one. */
export async function run(): Promise<string> {
  const rows = [quantizeBeforePad, shareEqualQuantizers, foldBatchNormIntoConv].map((rule) => {
    checkRule(rule, { runs: 100, seed: 2 });
    const started = performance.now();
    const verdict = checkRule(rule);
    const seconds = (performance.now() - started) / 1000;
    return [
      `\`${rule.name}\``,
      String(verdict.models),
      String(verdict.matches),
      seconds.toFixed(1),
      Math.round(verdict.models / seconds).toString(),
    ];
  });
  const needed = museum.map(({ wrong }) => modelsNeeded(wrong)).sort((a, b) => a - b);
  return [
    table(['rule', 'models', 'matched', 'seconds', 'models per second'], rows),
    '',
    `Of ${museum.length} wrong rules the median is refuted by model ${median(needed)}, the last by model ${needed.at(-1)} (each the median of three seeds).`,
  ].join('\n');
}

function modelsNeeded(rule: (typeof museum)[number]['wrong']): number {
  const needed = [1, 2, 3].map((seed) => {
    const verdict = checkRule(rule, { seed, shrinks: 0, runs: 2000 });
    return verdict.kind === 'refuted' ? verdict.models : Infinity;
  });
  return median(needed);
}
