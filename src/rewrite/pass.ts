import type { Model } from '../ir/index.ts';
import type { Effect } from './effect.ts';
import type { Finding, RewriteRecord } from './record.ts';

/** What a pass did to a model. */
export interface PassResult {
  readonly model: Model;
  readonly rewrites: readonly RewriteRecord[];
  readonly findings?: readonly Finding[];
}

/** Work on a whole graph that no local pattern can express. */
export interface Pass {
  readonly kind: 'pass';
  readonly name: string;
  readonly effect: Effect;
  readonly run: (model: Model) => PassResult;
  readonly summary: string | undefined;
  readonly reason: string | undefined;
  readonly condition: string | undefined;
  readonly sources: readonly string[];
}

export interface PassSpec {
  readonly name: string;
  readonly effect?: Effect;
  /** Gives the changed model; the very same object when there was nothing to do. */
  readonly run: (model: Model) => PassResult;
  readonly summary?: string;
  readonly reason?: string;
  readonly condition?: string;
  readonly sources?: readonly string[];
}

/** Makes a pass; like a rule, it is `exact` unless it says otherwise. */
export function pass(spec: PassSpec): Pass {
  return Object.freeze({
    kind: 'pass' as const,
    name: spec.name,
    effect: spec.effect ?? 'exact',
    run: spec.run,
    summary: spec.summary,
    reason: spec.reason,
    condition: spec.condition,
    sources: Object.freeze([...(spec.sources ?? [])]),
  });
}
