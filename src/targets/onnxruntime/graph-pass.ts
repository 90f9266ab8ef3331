import { canonicalOrder } from '../../analysis/index.ts';
import { type Graph, GraphSession, type Model, NameSource, type Node, type Tensor } from '../../ir/index.ts';
import { makeAttribute, type PlainValue } from '../../ops/index.ts';
import {
  type Effect,
  type Finding,
  type Pass,
  type PassSpec,
  pass,
  type RewriteRecord,
} from '../../rewrite/index.ts';

/** A pass over the main graph: what `pass` is given, and a function that changes the graph under the knife. */
export interface GraphPassSpec extends Omit<PassSpec, 'run'> {
  readonly change: (surgery: Surgery, model: Model) => void;
}

/**
 * Makes a pass that works on the main graph alone. Models below IR version 4 stay as they are, with a finding: there
 * only inputs may have an initializer.
 */
export function graphPass({ change, ...spec }: GraphPassSpec): Pass {
  return pass({
    ...spec,
    run(model) {
      if ((model.irVersion ?? Infinity) < 4) {
        const message = `IR version ${model.irVersion} has no constants but inputs; nothing can be added`;
        return { model, rewrites: [], findings: [{ rule: spec.name, at: 'main', message }] };
      }
      const surgery = new Surgery(spec.name, spec.effect ?? 'exact', model);
      change(surgery, model);
      const graph = surgery.finish();
      const changed = graph === model.graph ? model : { ...model, graph };
      return { model: changed, rewrites: surgery.rewrites, findings: surgery.findings };
    },
  });
}

/** What was done at one place: nodes before and after, constants that came with it, and a word about it. */
export interface Step {
  readonly at: string;
  readonly before: readonly Node[];
  readonly after: readonly Node[];
  readonly note?: string;
}

/** The main graph under change: nodes and constants under fresh names, and a record of every step. */
export class Surgery {
  readonly session: GraphSession;
  readonly rewrites: RewriteRecord[] = [];
  readonly findings: Finding[] = [];
  readonly #rule: string;
  readonly #effect: Effect;
  readonly #names: NameSource;
  #added: Tensor[] = [];

  constructor(rule: string, effect: Effect, model: Model) {
    this.#rule = rule;
    this.#effect = effect;
    this.#names = NameSource.of(model);
    // Where several readers of a value would do, the first is taken: their order must not be the file's.
    this.session = new GraphSession(model.graph, model, this.#names, canonicalOrder(model.graph));
  }

  /** Adds a constant under a name like the one given; gives its name. */
  constant(hint: string, tensor: Tensor): string {
    const named = tensor.withName(this.#names.fresh(hint));
    this.session.addInitializer(named);
    this.#added.push(named);
    return named.name!;
  }

  /** A node of the standard domain that makes a value of a name like the one given; it still has to be put somewhere. */
  node(
    opType: string,
    inputs: readonly string[],
    hint: string,
    attributes: Readonly<Record<string, PlainValue>> = {},
  ): Node {
    const output = this.#names.fresh(hint);
    return Object.freeze({
      opType,
      name: output,
      inputs: Object.freeze([...inputs]),
      outputs: Object.freeze([output]),
      attributes: Object.freeze(
        Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
      ),
      metadata: none,
      deviceConfigurations: none,
    });
  }

  /** A name like the one given that no value has. */
  name(hint: string): string {
    return this.#names.fresh(hint);
  }

  /** Puts a node with other inputs, and other outputs where they are given, in a node's place; gives the new one. */
  reroute(node: Node, inputs: readonly string[], outputs: readonly string[] = node.outputs): Node {
    if (sameNames(inputs, node.inputs) && sameNames(outputs, node.outputs)) return node;
    const changed = Object.freeze({
      ...node,
      inputs: Object.freeze([...inputs]),
      outputs: Object.freeze([...outputs]),
    });
    this.session.replace(node, changed);
    return changed;
  }

  /** Writes down a step, with the constants added since the last one. */
  record({ at, before, after, note }: Step): void {
    this.rewrites.push(
      Object.freeze({
        rule: this.#rule,
        effect: this.#effect,
        graph: 'main',
        at,
        before: Object.freeze([...before]),
        after: Object.freeze([...after]),
        added: Object.freeze(this.#added),
        removed: none,
        ...(note === undefined ? {} : { note }),
      }),
    );
    this.#added = [];
  }

  report(at: string, message: string): void {
    this.findings.push({ rule: this.#rule, at, message });
  }

  finish(): Graph {
    return this.session.finish();
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

const none: readonly never[] = Object.freeze([]);
