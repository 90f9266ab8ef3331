import type { Pass } from './pass.ts';
import type { Rule } from './rule.ts';
import { checkNames, RuleSet } from './rule-set.ts';

export type Stage = RuleSet | Pass;
export type StageSource = Stage | Rule | Pipeline | readonly StageSource[];

/** Rule sets and passes one after the other, round after round until nothing changes. Immutable. */
export class Pipeline implements Iterable<Stage> {
  readonly kind = 'pipeline';
  readonly name: string;
  readonly stages: readonly Stage[];

  constructor(name: string, stages: readonly Stage[]) {
    this.name = name;
    this.stages = Object.freeze([...stages]);
    Object.freeze(this);
  }

  /** Every rule and pass, once, in order of first appearance. */
  get members(): readonly (Rule | Pass)[] {
    return [
      ...new Set(
        this.stages.flatMap((stage): (Rule | Pass)[] =>
          stage instanceof RuleSet ? [...stage.rules] : [stage],
        ),
      ),
    ];
  }

  /** Names of all rules and passes, each once. */
  get names(): readonly string[] {
    return [...new Set(this.members.map((member) => member.name))];
  }

  concat(...others: readonly StageSource[]): Pipeline {
    return new Pipeline(this.name, [...this.stages, ...others.flatMap(stagesOf)]);
  }

  /** All but the named rules and passes. Throws `unknown-rule`. */
  without(...names: readonly string[]): Pipeline {
    checkNames(this.name, this.names, names);
    return this.#filtered((name) => !names.includes(name));
  }

  /** Only the named rules and passes, in the pipeline's order. Throws `unknown-rule`. */
  only(...names: readonly string[]): Pipeline {
    checkNames(this.name, this.names, names);
    return this.#filtered((name) => names.includes(name));
  }

  [Symbol.iterator](): Iterator<Stage> {
    return this.stages[Symbol.iterator]();
  }

  #filtered(keep: (name: string) => boolean): Pipeline {
    const stages = this.stages.flatMap((stage): Stage[] => {
      if (!(stage instanceof RuleSet)) return keep(stage.name) ? [stage] : [];
      const rules = stage.rules.filter((rule) => keep(rule.name));
      return rules.length === 0 ? [] : [new RuleSet(stage.name, rules)];
    });
    return new Pipeline(this.name, stages);
  }
}

/** Makes a pipeline of rules, rule sets, passes and other pipelines. */
export function pipeline(name: string, ...items: readonly StageSource[]): Pipeline {
  return new Pipeline(name, items.flatMap(stagesOf));
}

export function stagesOf(source: StageSource): readonly Stage[] {
  if (Array.isArray(source)) return (source as readonly StageSource[]).flatMap(stagesOf);
  if (source instanceof Pipeline) return source.stages;
  if (source instanceof RuleSet) return [source];
  const single = source as Rule | Pass;
  return single.kind === 'pass' ? [single] : [new RuleSet(single.name, [single])];
}
