import fc from 'fast-check';
import type { Pass, Rule } from '../../src/rewrite/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { tensorrt } from '../../src/targets/index.ts';
import { type CheckOptions, checkPass, checkRule, qdqModels, type Verdict } from '../../src/testing/index.ts';
import texts from './surroundings.json' with { type: 'json' };

/** Networks for rules whose guards look at more than their pattern, as ONNX text by the name of the rule. */
const surroundings = new Map(Object.entries(texts as Record<string, readonly string[]>));

/** Every rule and pass of the catalogue, each once. */
export function members(): readonly (Rule | Pass)[] {
  const byName = new Map<string, Rule | Pass>();
  for (const member of [...tensorrt({}).members, ...catalogue]) byName.set(member.name, member);
  return [...byName.values()];
}

/** Puts a rule or pass of ours through what it claims, on models of its own and on small networks. */
export function checkMember(member: Rule | Pass, options: CheckOptions): Verdict {
  if (member.kind === 'pass')
    return checkPass(member, { ...options, models: qdqModels(), around: [...catalogue] });
  const around = surroundings.get(member.name)?.map((text) => parseModel(text)) ?? [];
  const models = around.length === 0 ? qdqModels() : fc.oneof(qdqModels(), fc.constantFrom(...around));
  return checkRule(member, { ...options, models });
}
