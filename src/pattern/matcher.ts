import { type Node, titleOf } from '../ir/index.ts';
import { constantOf, normalDomain, type PlainValue, plainAttributes } from '../ops/index.ts';
import { type Capture, type Captures, capturesFrom, disagreement } from './captures.ts';
import type {
  AnyPattern,
  ConstantPattern,
  EachPattern,
  InputPattern,
  NodePattern,
  Objection,
  OneOfPattern,
  OptionalPattern,
  OutputPattern,
} from './patterns.ts';
import { behindOutput, factsOf } from './patterns.ts';
import { Constant, NodeMatch, type Scope, Value } from './value.ts';

/** A place where a pattern has been found. */
export interface Match {
  /** The nodes the root patterns matched, in the order of the patterns; of one with `everyOutput`, those behind it. */
  readonly roots: readonly Node[];
  /** Every matched node, roots included, each once. */
  readonly nodes: readonly Node[];
  readonly captures: Captures;
}

/** One failed step of an attempt: where it was and why it went no further. */
export interface Mismatch {
  /** The place in the pattern: `BatchNormalization / input 0: Conv`. */
  readonly at: string;
  readonly reason: string;
  /** How many nodes had matched by then: the larger, the nearer the miss. */
  readonly progress: number;
}

/** Operators whose two operands may stand in either order. */
const commutative = new Set([
  'Add',
  'Mul',
  'And',
  'Or',
  'Xor',
  'Equal',
  'Max',
  'Min',
  'Sum',
  'Mean',
  'BitwiseAnd',
  'BitwiseOr',
  'BitwiseXor',
]);

/** Whether the two operands of an operator may stand in either order. */
export function isCommutative(opType: string): boolean {
  return commutative.has(opType);
}

export interface Attempt {
  readonly roots: readonly NodePattern[];
  /** Which of the roots the node is to match; the others are looked for around it. */
  readonly anchor?: number;
  /** A last word on a complete match; an objection sends the search on to the next alternative. */
  readonly objection?: ((match: Match) => Objection) | undefined;
  /** Gets every failed step. */
  readonly mismatches?: Mismatch[] | undefined;
}

/** Looks for a match whose anchor root is `node`. */
export function matchAt(scope: Scope, node: Node, attempt: Attempt): Match | undefined {
  // Most nodes fail at the first look; whoever wants to know why gets the whole search.
  if (attempt.mismatches === undefined && isHopeless(scope, node, attempt.roots[attempt.anchor ?? 0]!))
    return undefined;
  return new Matcher(scope, attempt).run(node);
}

/** Whether a node or one of those right above it is of another operator than a root asks for. */
function isHopeless({ view }: Scope, node: Node, root: NodePattern): boolean {
  const { operators, inputs, isOrdered } = root.options;
  if (!operators.includes(node.opType)) return true;
  if (commutative.has(node.opType) && !isOrdered) return false;
  return inputs.some((input, i) => {
    if (input.kind !== 'node') return false;
    const producer = view.producer(node.inputs[i] ?? '');
    return producer === undefined || !(input as NodePattern).options.operators.includes(producer.opType);
  });
}

type Continue = () => boolean;

/** Backtracking search in continuation-passing style: every step gets what is still to do, and undoes itself if that fails. */
class Matcher {
  readonly #scope: Scope;
  readonly #attempt: Attempt;
  #bindings = new Map<string, Capture>();
  #patterns = new Map<NodePattern, Node>();
  readonly #matched = new Map<Node, NodePattern>();
  /** The nodes behind each output of a root with `everyOutput`. */
  readonly #behind = new Map<NodePattern, readonly Node[]>();
  #found: Match | undefined;

  constructor(scope: Scope, attempt: Attempt) {
    this.#scope = scope;
    this.#attempt = attempt;
  }

  run(node: Node): Match | undefined {
    const { roots, anchor = 0 } = this.#attempt;
    const others = roots.flatMap((_, i) => (i === anchor ? [] : [i]));
    this.#node(roots[anchor]!, node, roots[anchor]!.options.operators.join('|'), () =>
      this.#roots(others, 0),
    );
    return this.#found;
  }

  #roots(others: readonly number[], next: number): boolean {
    if (next === others.length) return this.#complete();
    const root = this.#attempt.roots[others[next]!]!;
    for (const candidate of this.#candidates(root)) {
      if (this.#node(root, candidate, root.options.operators.join('|'), () => this.#roots(others, next + 1)))
        return true;
    }
    return this.#fail(root.options.operators.join('|'), 'no node around the match fits this root');
  }

  /** Nodes of the root's operators that can be reached from what is bound already. */
  #candidates(root: NodePattern): Set<Node> {
    const { captureNames, depth: reach } = factsOf([root]);
    const values = [...this.#bindings].flatMap(([name, bound]) =>
      bound instanceof Value ? [{ name, bound }] : [],
    );
    // A value both roots name leads straight to the other one; a zero point may be read by every quantizer of the model.
    const common = values.filter(({ name, bound }) => captureNames.has(name) && !(bound instanceof Constant));
    const starts = (common.length > 0 ? common : values).map(({ bound }) => bound.name);
    const outputs = [...this.#matched.keys()].flatMap((node) => node.outputs);
    return this.#below([...starts, ...outputs], root, reach);
  }

  /** Nodes of a pattern's operators that read some values, or what is made of them. */
  #below(values: readonly string[], root: NodePattern, reach: number): Set<Node> {
    const { view } = this.#scope;
    const found = new Set<Node>();
    let reached = values;
    for (let depth = reach; depth > 0; depth--) {
      const readers = new Set(reached.flatMap((value) => view.uses(value).map((use) => use.node)));
      for (const reader of readers) {
        if (root.options.operators.includes(reader.opType) && !this.#matched.has(reader)) found.add(reader);
      }
      reached = [...readers].flatMap((reader) => reader.outputs);
    }
    return found;
  }

  #complete(): boolean {
    const intrusion = this.#intrusion();
    if (intrusion !== undefined) return this.#fail('the whole match', intrusion, 1);
    const { roots, objection } = this.#attempt;
    const match: Match = Object.freeze({
      roots: Object.freeze(roots.flatMap((root) => this.#behind.get(root) ?? [this.#patterns.get(root)!])),
      nodes: Object.freeze([...this.#matched.keys()]),
      captures: capturesFrom(this.#bindings, factsOf(roots).captureNames),
    });
    const reason = objection?.(match);
    if (reason) return this.#fail('the guard', reason, 1);
    this.#found = match;
    return true;
  }

  /** Whoever else reads a value that the match has to own. */
  #intrusion(): string | undefined {
    const { view } = this.#scope;
    const ends = new Set([...this.#behind.values()].flat());
    for (const [node, pattern] of this.#matched) {
      const isRoot = this.#attempt.roots.includes(pattern) && !this.#behind.has(pattern);
      if (isRoot || ends.has(node) || pattern.options.mayBeShared) continue;
      for (const output of node.outputs) {
        if (output === '') continue;
        if (view.isOutput(output))
          return `${output} is also an output of the graph; the match would have to own it`;
        const stranger = view.uses(output).find((use) => !this.#matched.has(use.node) || use.index < 0);
        if (stranger !== undefined) {
          const reader = stranger.index < 0 ? `a subgraph of ${stranger.node.opType}` : stranger.node.opType;
          return `${output} is also read by ${reader}; the match would have to own it`;
        }
      }
    }
    return undefined;
  }

  #node(pattern: NodePattern, node: Node, at: string, then: Continue): boolean {
    const bound = this.#patterns.get(pattern);
    if (bound !== undefined)
      return bound === node
        ? then()
        : this.#fail(at, `${titleOf(node)} is not the same node as ${titleOf(bound)}`);
    const reason = this.#nodeMismatch(pattern, node);
    if (reason !== undefined) return this.#fail(at, reason);
    this.#patterns.set(pattern, node);
    this.#matched.set(node, pattern);
    const match = new NodeMatch(node, this.#scope);
    const objection = pattern.options.objection?.(match);
    const inputs = () =>
      this.#inputs(
        pattern,
        node,
        at,
        pattern.options.everyOutput === undefined ? then : () => this.#everyOutput(pattern, node, at, then),
      );
    const done = objection
      ? this.#fail(at, objection)
      : pattern.options.name === undefined
        ? inputs()
        : this.#bind(pattern.options.name, match, at, inputs);
    if (!done) {
      this.#patterns.delete(pattern);
      this.#matched.delete(node);
    }
    return done;
  }

  #nodeMismatch(pattern: NodePattern, node: Node): string | undefined {
    const { operators, domain, attributes, sinceOpset, untilOpset } = pattern.options;
    const { view } = this.#scope;
    if (!operators.includes(node.opType)) return `${titleOf(node)} is not ${list(operators)}`;
    if (normalDomain(node.domain) !== domain)
      return `${titleOf(node)} is of the domain "${node.domain}", not "${domain}"`;
    if (this.#matched.has(node)) return `${titleOf(node)} has been matched by another part of the pattern`;
    if (view.function(node) !== undefined)
      return `${titleOf(node)} calls a function of the model, not the operator of that name`;
    const opset = view.opset(node.domain);
    if (sinceOpset > 0 || untilOpset < Infinity) {
      if (opset === undefined || opset < sinceOpset || opset > untilOpset) {
        return `the model imports opset ${opset ?? 'none'} of domain "${domain}"; the pattern needs ${sinceOpset} to ${untilOpset}`;
      }
    }
    if (attributes.size === 0) return undefined;
    const values: Readonly<Record<string, PlainValue | undefined>> = plainAttributes<string>(node, opset);
    for (const [name, wanted] of attributes) {
      const reason =
        typeof wanted === 'function'
          ? wanted(values[name])
          : !samePlain(values[name], wanted) && `is ${show(values[name])}, not ${show(wanted)}`;
      if (reason) return `attribute ${name} of ${titleOf(node)} ${reason}`;
    }
    return undefined;
  }

  #inputs(pattern: NodePattern, node: Node, at: string, then: Continue): boolean {
    const { inputs, isOrdered } = pattern.options;
    if (this.#inputList(inputs, node, 0, at, then)) return true;
    const swappable =
      inputs.length === 2 && node.inputs.length === 2 && inputs.every((input) => input.kind !== 'each');
    if (isOrdered || !swappable || !commutative.has(node.opType) || pattern.options.domain !== '')
      return false;
    return this.#inputList([inputs[1]!, inputs[0]!], node, 0, `${at}, operands swapped`, then);
  }

  #inputList(
    patterns: readonly InputPattern[],
    node: Node,
    index: number,
    at: string,
    then: Continue,
  ): boolean {
    const pattern = patterns[index];
    if (pattern === undefined) {
      const extra = node.inputs.findIndex((name, i) => i >= index && name !== '');
      if (extra < 0) return then();
      return this.#fail(
        at,
        `${titleOf(node)} has an input ${extra} ("${node.inputs[extra]}") that the pattern does not mention`,
      );
    }
    if (pattern.kind === 'each') return this.#each(pattern as EachPattern, node, index, at, then);
    const name = node.inputs[index] ?? '';
    return this.#value(pattern, name, `${at} / input ${index}`, () =>
      this.#inputList(patterns, node, index + 1, at, then),
    );
  }

  #value(pattern: InputPattern, name: string, at: string, then: Continue): boolean {
    if (name === '') return this.#absent(pattern, at, then);
    switch (pattern.kind) {
      case 'absent':
        return this.#fail(at, `"${name}" is there; the pattern wants the input absent`);
      case 'optional':
        return this.#value((pattern as OptionalPattern).inner, name, at, then);
      case 'any':
        return this.#any(pattern as AnyPattern, name, at, then);
      case 'constant':
        return this.#constant(pattern as ConstantPattern, name, at, then);
      case 'one-of':
        return (pattern as OneOfPattern).choices.some((choice) => this.#value(choice, name, at, then));
      case 'node':
        return this.#made(pattern as NodePattern, 0, name, at, then);
      case 'output':
        return this.#made((pattern as OutputPattern).node, (pattern as OutputPattern).index, name, at, then);
      case 'each':
        return this.#fail(at, 'each() can only stand last among the inputs of a node');
    }
  }

  #absent(pattern: InputPattern, at: string, then: Continue): boolean {
    if (pattern.kind === 'absent') return then();
    if (pattern.kind === 'one-of')
      return (pattern as OneOfPattern).choices.some((choice) => this.#absent(choice, at, then));
    if (pattern.kind !== 'optional') return this.#fail(at, 'the input is absent');
    const { inner } = pattern as OptionalPattern;
    const names =
      inner.kind === 'node'
        ? [...factsOf([inner as NodePattern]).captureNames]
        : 'name' in inner && typeof inner.name === 'string'
          ? [inner.name]
          : [];
    const bindAll = (i: number): boolean =>
      i === names.length ? then() : this.#bind(names[i]!, undefined, at, () => bindAll(i + 1));
    return bindAll(0);
  }

  #any(pattern: AnyPattern, name: string, at: string, then: Continue): boolean {
    const value = new Value(name, this.#scope);
    const objection = pattern.objection?.(value);
    if (objection) return this.#fail(at, objection);
    return pattern.name === undefined ? then() : this.#bind(pattern.name, value, at, then);
  }

  #constant(pattern: ConstantPattern, name: string, at: string, then: Continue): boolean {
    const tensor = constantOf(this.#scope.view, name);
    if (tensor === undefined) return this.#fail(at, this.#whyNotConstant(name));
    const value = new Constant(name, this.#scope, tensor);
    const objection = pattern.objection?.(value);
    if (objection) return this.#fail(at, objection);
    return pattern.name === undefined ? then() : this.#bind(pattern.name, value, at, then);
  }

  #whyNotConstant(name: string): string {
    const { view } = this.#scope;
    const producer = view.producer(name);
    if (producer !== undefined) return `${name} is not a constant; ${titleOf(producer)} makes it`;
    if (view.input(name) !== undefined && view.initializer(name) !== undefined) {
      return `${name} is not a constant; it is an input of the graph with a default that a caller may override`;
    }
    return `${name} is not a constant${view.input(name) === undefined ? '' : '; it is an input of the graph'}`;
  }

  #made(pattern: NodePattern, index: number, name: string, at: string, then: Continue): boolean {
    const wanted = list(pattern.options.operators);
    const producer = this.#scope.view.producer(name);
    if (producer === undefined)
      return this.#fail(at, `${name} is not made by ${wanted}: ${this.#sourceOf(name)}`);
    const place = `${at}: ${pattern.options.operators.join('|')}`;
    if (producer.outputs[index] !== name) {
      return this.#fail(
        place,
        `${name} is output ${producer.outputs.indexOf(name)} of ${titleOf(producer)}, not output ${index}`,
      );
    }
    return this.#node(pattern, producer, place, then);
  }

  #sourceOf(name: string): string {
    const { view } = this.#scope;
    if (view.input(name) !== undefined) return 'it is an input of the graph';
    if (view.initializer(name) !== undefined) return 'it is an initializer';
    return 'it comes from outside the graph';
  }

  #each(pattern: EachPattern, node: Node, from: number, at: string, then: Continue): boolean {
    const rest = node.inputs.slice(from);
    if (rest.length < pattern.atLeast) {
      return this.#fail(
        at,
        `${titleOf(node)} has ${rest.length} inputs where the pattern wants at least ${pattern.atLeast}`,
      );
    }
    const [bindings, patterns, matched] = [this.#bindings, this.#patterns, new Set(this.#matched.keys())];
    const items: Captures[] = [];
    const undo = () => {
      this.#bindings = bindings;
      this.#patterns = patterns;
      for (const taken of [...this.#matched.keys()]) if (!matched.has(taken)) this.#matched.delete(taken);
      return false;
    };
    for (let i = 0; i < rest.length; i++) {
      this.#bindings = new Map();
      this.#patterns = new Map();
      const fits = this.#value(pattern.inner, rest[i]!, `${at} / input ${from + i}`, () => {
        items.push(capturesFrom(this.#bindings, this.#bindings.keys()));
        return true;
      });
      if (!fits) return undo();
    }
    this.#bindings = bindings;
    this.#patterns = patterns;
    return this.#bind(pattern.name, Object.freeze(items), at, then) || undo();
  }

  /** Takes the first node behind each output that fits. */
  #everyOutput(pattern: NodePattern, node: Node, at: string, then: Continue): boolean {
    const { name } = pattern.options.everyOutput!;
    const [bindings, patterns, matched] = [this.#bindings, this.#patterns, new Set(this.#matched.keys())];
    const undo = () => {
      this.#bindings = bindings;
      this.#patterns = patterns;
      this.#behind.delete(pattern);
      for (const taken of [...this.#matched.keys()]) if (!matched.has(taken)) this.#matched.delete(taken);
      return false;
    };
    const items: (Captures | undefined)[] = [];
    const ends: Node[] = [];
    this.#patterns = new Map(patterns);
    for (const [i, output] of node.outputs.entries()) {
      items.push(undefined);
      if (output === '' || (this.#scope.view.uses(output).length === 0 && !this.#scope.view.isOutput(output)))
        continue;
      const inner = behindOutput(pattern, i);
      const place = `${at} / output ${i}`;
      const fits = [...this.#below([output], inner, factsOf([inner]).depth)].some((candidate) => {
        this.#bindings = new Map();
        return this.#node(inner, candidate, place, () => {
          items[i] = capturesFrom(this.#bindings, this.#bindings.keys());
          ends.push(candidate);
          return true;
        });
      });
      if (!fits) {
        this.#fail(place, `nothing behind ${output} fits`);
        return undo();
      }
    }
    this.#bindings = bindings;
    this.#behind.set(pattern, Object.freeze(ends));
    return this.#bind(name, Object.freeze(items), at, then) || undo();
  }

  #bind(name: string, capture: Capture, at: string, then: Continue): boolean {
    if (this.#bindings.has(name)) {
      const reason = disagreement(name, this.#bindings.get(name), capture);
      return reason === undefined ? then() : this.#fail(at, reason);
    }
    this.#bindings.set(name, capture);
    if (then()) return true;
    this.#bindings.delete(name);
    return false;
  }

  /** @param beyond 1 where every part has matched, which is nearer than any miss on the way */
  #fail(at: string, reason: string, beyond: 0 | 1 = 0): false {
    this.#attempt.mismatches?.push({ at, reason, progress: this.#matched.size + beyond });
    return false;
  }
}

function samePlain(a: PlainValue | undefined, b: PlainValue | undefined): boolean {
  if (Object.is(a, b)) return true;
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item, i) => Object.is(item, b[i]))
  );
}

function show(value: unknown): string {
  if (value === undefined) return 'absent';
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'object' ? 'another value' : String(value);
}

function list(operators: readonly string[]): string {
  return operators.length < 2
    ? `${operators[0]}`
    : `${operators.slice(0, -1).join(', ')} or ${operators.at(-1)}`;
}
