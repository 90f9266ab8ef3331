/**
 * `npm run check:rules -- --runs 10000 [--seed 7] [--only quantize-before-pad]`: every rule and pass of the catalogue
 * through everything it claims, on fresh models. Prints models, matches and verdict of each, and the counterexample of
 * each that is refuted. Exits 1 when there is one. `--write` also puts the verdicts into docs/checked-rules.json, which
 * the catalogue shows.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printVerdict } from '../src/testing/index.ts';
import { checkMember, members } from '../test/testing/members.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    write: { type: 'boolean' },
  },
});
const runs = Number(values.runs ?? 400);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 20));
console.log(`seed ${seed}: ${runs} models each`);
let refuted = 0;
const checked: Record<string, object> = {};
const started = performance.now();
for (const member of members()) {
  if (values.only !== undefined && member.name !== values.only) continue;
  const from = performance.now();
  const verdict = checkMember(member, { runs, seed });
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(
    `${member.name.padEnd(40)} ${verdict.kind.padEnd(13)} ${verdict.models} models, ${verdict.matches} matched, ${seconds} s`,
  );
  const { kind, models, matches } = verdict;
  checked[member.name] = {
    kind,
    ...(kind === 'holds' ? { evidence: verdict.evidence } : {}),
    ...(kind === 'holds' && verdict.unchecked.length > 0 ? { unchecked: verdict.unchecked } : {}),
    models,
    matches,
  };
  if (verdict.kind === 'refuted') {
    refuted += 1;
    console.log(`\n${printVerdict(verdict)}\n`);
  } else if (verdict.kind === 'inconclusive') console.log(printVerdict(verdict));
}
if (values.write === true) {
  const page = new URL('../docs/checked-rules.json', import.meta.url);
  writeFileSync(page, `${JSON.stringify({ seed, rules: checked }, null, 2)}\n`);
}
console.log(`seed ${seed}: ${refuted} refuted, ${((performance.now() - started) / 1000).toFixed(0)} s`);
process.exitCode = refuted === 0 ? 0 : 1;
