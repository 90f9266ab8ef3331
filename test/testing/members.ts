import type { Pass, Rule } from '../../src/rewrite/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { tensorrt } from '../../src/targets/index.ts';
import { type CheckOptions, checkPass, checkRule, qdqModels, type Verdict } from '../../src/testing/index.ts';

/** Every rule and pass of the catalogue, each once. */
export function members(): readonly (Rule | Pass)[] {
  const byName = new Map<string, Rule | Pass>();
  for (const member of [...tensorrt({}).members, ...catalogue]) byName.set(member.name, member);
  return [...byName.values()];
}

/** Puts a rule or pass of ours through what it claims, on models of its own and on small quantized networks. */
export function checkMember(member: Rule | Pass, options: CheckOptions): Verdict {
  if (member.kind === 'pass')
    return checkPass(member, { ...options, models: qdqModels(), around: [...catalogue] });
  return checkRule(member, { ...options, models: qdqModels() });
}
