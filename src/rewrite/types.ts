import { createTypeOracle, type TypeOracle } from '../analysis/index.ts';
import type { Dimension, GraphSession, Node, Type } from '../ir/index.ts';
import { dataTypeToText } from '../ir/index.ts';
import { type Facts, inferNode, keepsType } from '../ops/index.ts';
import { ModelError, RuleError } from '../support/errors.ts';
import type { Rule } from './rule.ts';

/** The types of a graph that is being rewritten: inferred when asked for, checked whenever a value changes hands. */
export interface Types {
  readonly oracle: TypeOracle;
  typeOf(value: string): Type | undefined;
  forget(value: string): void;
  /**
   * Infers the types of new nodes, and compares each value with the one it takes the place of.
   *
   * @param matched the nodes that go
   * @param nodes the nodes that come
   * @param pairs old value name, and the name under which the new value is known
   * @throws RuleError `invalid-result` when the new nodes contradict each other or the graph; `type-changed` when a value
   * would get another type, unless the rule says that it changes the interface: then the value is declared anew
   */
  check(
    rule: Rule,
    matched: readonly Node[],
    nodes: readonly Node[],
    pairs: readonly (readonly [string, string])[],
  ): void;
}

/** @param outer the types of the graph around a subgraph */
export function createTypes(session: GraphSession, outer?: Types): Types {
  const oracle = createTypeOracle(session, outer?.oracle);
  return {
    oracle,
    typeOf: (value) => oracle.typeOf(value),
    forget: (value) => oracle.forget(value),
    check(rule, matched, nodes, pairs) {
      if (pairs.every(([old, now]) => sourceOf(old, matched) === sourceOf(now, nodes))) return;
      const made = inferAll(rule, nodes, session, (value) => oracle.factsOf(value));
      for (const [old, now] of pairs) {
        const before = oracle.typeOf(old);
        const after = made.has(now) ? made.get(now)?.type : oracle.typeOf(now);
        if (before === undefined || after === undefined || isCompatible(before, after)) continue;
        if (rule.effect !== 'interface') {
          throw new RuleError(
            'type-changed',
            `Rule ${rule.name} would change ${old} from ${printType(before)} to ${printType(after)}.`,
            {
              at: old,
              fix: 'The replacement has to have the type of what it replaces; only rules of effect interface may change it.',
            },
          );
        }
        const declared = session.declared(old);
        session.declare(
          old,
          declared === undefined || !session.isOutput(old)
            ? undefined
            : Object.freeze({ ...declared, type: after }),
        );
      }
    },
  };
}

/** The value behind nodes that hand its type on; two values with one such source have one type, whatever it is. */
function sourceOf(value: string, nodes: readonly Node[]): string {
  const producer = nodes.find((node) => node.outputs[0] === value);
  return producer !== undefined && keepsType(producer) ? sourceOf(producer.inputs[0]!, nodes) : value;
}

function inferAll(
  rule: Rule,
  nodes: readonly Node[],
  session: GraphSession,
  known: (value: string) => Facts | undefined,
): ReadonlyMap<string, Facts | undefined> {
  const made = new Map<string, Facts | undefined>();
  const factsOf = (value: string) =>
    value === '' ? undefined : made.has(value) ? made.get(value) : known(value);
  for (const node of nodes) {
    try {
      const facts = inferNode(node, node.inputs.map(factsOf), { opset: session.opset(node.domain) });
      node.outputs.forEach((output, i) => {
        if (output !== '') made.set(output, facts[i]);
      });
    } catch (cause) {
      if (!(cause instanceof ModelError)) throw cause;
      throw new RuleError(
        'invalid-result',
        `Rule ${rule.name} made a ${node.opType} that cannot be: ${cause.message}`,
        {
          at: node.outputs[0],
          cause,
        },
      );
    }
  }
  return made;
}

/** Whether nothing known of one type contradicts the other. */
function isCompatible(a: Type, b: Type): boolean {
  if (a.kind === 'none' || b.kind === 'none') return true;
  if (a.kind !== b.kind) return false;
  if ('elemType' in a && 'elemType' in b) {
    if (a.elemType !== b.elemType && a.elemType !== 'undefined' && b.elemType !== 'undefined') return false;
    if (a.shape === undefined || b.shape === undefined) return true;
    return a.shape.length === b.shape.length && a.shape.every((dim, i) => fits(dim, b.shape![i]!));
  }
  return true;
}

/** Negative lengths are how some exporters write unknown ones. */
function fits(a: Dimension, b: Dimension): boolean {
  return a.value === undefined || b.value === undefined || a.value < 0 || b.value < 0 || a.value === b.value;
}

function printType(type: Type): string {
  if (!('elemType' in type)) return type.kind;
  const dims = type.shape?.map((dim) => dim.value ?? dim.param ?? '?');
  return dims === undefined
    ? dataTypeToText(type.elemType)
    : `${dataTypeToText(type.elemType)}[${dims.join(',')}]`;
}
