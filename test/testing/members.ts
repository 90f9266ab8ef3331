import fc from 'fast-check';
import type { Pass, Rule } from '../../src/rewrite/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { onnxruntime, tensorrt } from '../../src/targets/index.ts';
import {
  type CheckOptions,
  type Claim,
  checkPass,
  checkRule,
  qdqModels,
  type Verdict,
} from '../../src/testing/index.ts';
import texts from './surroundings.json' with { type: 'json' };

/** Networks for rules and passes whose guards look at more than their pattern, as ONNX text by their name. */
const surroundings = new Map(Object.entries(texts as Record<string, readonly string[]>));

/** Every rule and pass of the catalogue, each once. */
export function members(): readonly (Rule | Pass)[] {
  const byName = new Map<string, Rule | Pass>();
  const targets = [...tensorrt({}).members, ...onnxruntime({ samples: 1 }).members];
  for (const member of [...targets, ...catalogue]) byName.set(member.name, member);
  return [...byName.values()];
}

/**
 * What no effect describes. `correct-bias` moves a bias by what weights lost on average, which is nearer for most inputs and
 * not for each; `quantize-bias` rounds it to the unit of integer sums, which is much beside small weights with large scales.
 * test/targets/onnxruntime.test.ts holds both to their formulas.
 */
const unchecked = new Map<string, readonly Claim[]>([
  ['correct-bias', ['outputs']],
  ['quantize-bias', ['outputs']],
]);

/** Puts a rule or pass of ours through what it claims, on models of its own and on small networks. */
export function checkMember(member: Rule | Pass, options: CheckOptions): Verdict {
  const around = surroundings.get(member.name)?.map((text) => parseModel(text)) ?? [];
  const models = around.length === 0 ? qdqModels() : fc.oneof(qdqModels(), fc.constantFrom(...around));
  const all = { ...options, models, unchecked: unchecked.get(member.name) ?? [] };
  return member.kind === 'pass'
    ? checkPass(member, { ...all, around: [...catalogue] })
    : checkRule(member, all);
}
