import { equalTensors } from '../analysis/index.ts';
import { type DataType, type Model, type Node, opsetOf, sortNodes, tensor, valuesOf } from '../ir/index.ts';
import type { TermArray } from './arrays.ts';
import { describeOperator, evaluate, type MadeNode, outputType, placeOf, Unfollowed } from './follow.ts';
import { applyFunction, codesOf, type ElementFunction, floatBelow } from './functions.ts';
import { withLengths } from './lengths.ts';
import { movedInputs } from './moves.ts';
import { applyPrimitive, isMonotone, type Primitive, readPointwise } from './primitives.ts';
import type { Root, Term } from './terms.ts';
import { readSelection } from './windows.ts';

/** A proof that two models are equal, as plain data: what every element of every value is. */
export interface Certificate {
  /** The lengths that symbolic dimensions of the inputs had. */
  readonly dims: ReadonlyMap<string, number>;
  /** What is done to single elements; number 0 is nothing. */
  readonly functions: readonly ElementFunction[];
  readonly terms: readonly Term[];
  readonly roots: ReadonlyMap<number, Root>;
  /** The nodes that were not looked into. */
  readonly made: readonly MadeNode[];
  readonly before: ReadonlyMap<string, TermArray>;
  readonly after: ReadonlyMap<string, TermArray>;
}

/** What checking a certificate came to; `claims` counts the elements whose claim was checked. */
export type CertificateCheck =
  | { readonly valid: true; readonly claims: number }
  | { readonly valid: false; readonly at: string; readonly reason: string };

/**
 * Checks a proof of `proveEqual` again, node by node, with none of its search.
 *
 * The claim about each element must follow from the claims about its node's inputs: moved elements are moved by the
 * executor, operations on single elements are compared at every code, or at both sides of every step, extremes by the
 * elements they are picked from, and other nodes by being the same operator on the same elements. At the end both models
 * claim the same for every output.
 */
export function checkCertificate(before: Model, after: Model, certificate: Certificate): CertificateCheck {
  const checker: Checker = new Checker(certificate);
  try {
    checker.model(withLengths(before, certificate.dims), certificate.before);
    checker.model(withLengths(after, certificate.dims), certificate.after);
    for (const { name } of before.graph.outputs) {
      const [a, b] = [certificate.before.get(name), certificate.after.get(name)];
      checker.demand(
        a !== undefined && b !== undefined && checker.same(a, b),
        name,
        'the outputs are not claimed to be the same',
      );
    }
  } catch (error) {
    if (!(error instanceof Unfollowed)) throw error;
    return { valid: false, at: error.at, reason: error.message };
  }
  return { valid: true, claims: checker.claims };
}

class Checker {
  claims = 0;
  readonly #certificate: Certificate;
  readonly #steps = new Map<Primitive, Set<string>>();

  constructor(certificate: Certificate) {
    this.#certificate = certificate;
  }

  demand(holds: boolean, at: string, reason: string): asserts holds {
    if (!holds) throw new Unfollowed(at, reason);
  }

  model(model: Model, values: ReadonlyMap<string, TermArray>): void {
    const overridden = new Set(model.graph.inputs.map(({ name }) => name));
    for (const input of model.graph.inputs) this.#input(input.name, values.get(input.name));
    for (const tensor of model.graph.initializers) {
      const name = tensor.name ?? '';
      if (overridden.has(name)) continue;
      const claim = values.get(name)?.constant;
      this.demand(
        claim !== undefined && equalTensors(claim, tensor),
        name,
        'the initializer is not what is claimed',
      );
    }
    for (const node of sortNodes(model.graph.nodes)) this.#node(model, node, values);
  }

  #input(name: string, claim: TermArray | undefined): void {
    this.demand(claim?.terms !== undefined, name, 'nothing is claimed of the input');
    claim.terms.forEach((number, element) => {
      const { root, fn } = this.#certificate.terms[number]!;
      const origin = this.#certificate.roots.get(root);
      const right =
        fn === 0 && origin?.kind === 'input' && origin.name === name && origin.element === element;
      this.demand(
        right && origin.dtype === claim.dtype,
        name,
        `element ${element} of the input is claimed to be something else`,
      );
    });
  }

  #node(model: Model, node: Node, values: ReadonlyMap<string, TermArray>): void {
    const at = placeOf(node);
    const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    node.inputs.forEach((name, i) => {
      this.demand(name === '' || inputs[i] !== undefined, at, `nothing is claimed of "${name}"`);
    });
    const outputs = node.outputs.map((name) => (name === '' ? undefined : values.get(name)));
    const opset = opsetOf(model.opsetImports, node.domain) ?? 1;
    if (inputs.every((array) => array === undefined || array.constant !== undefined)) {
      const made = evaluate(
        node,
        inputs.map((array) => array?.constant),
        opset,
      );
      outputs.forEach((claim, i) => {
        if (claim === undefined) return;
        this.demand(
          claim.constant !== undefined && equalTensors(claim.constant, made[i]!),
          at,
          'the constant is another one',
        );
      });
      return;
    }
    const checked =
      this.#moves(node, inputs, outputs, opset) ||
      this.#pointwise(model, node, inputs, outputs) ||
      this.#selection(model, node, inputs, outputs);
    if (!checked) this.#made(node, inputs, outputs, opset);
  }

  #moves(node: Node, inputs: Arrays, outputs: Arrays, opset: number): boolean {
    const moved = movedInputs(node, opset);
    if (moved === undefined) return false;
    if (inputs.some((array, i) => array && !moved.includes(i) && array.constant === undefined)) return false;
    const pool = [0, ...moved.flatMap((i) => (inputs[i] ? [...this.#numbers(inputs[i])] : []))];
    if (node.opType === 'Pad' && inputs[2] === undefined) pool[0] = this.#constant(inputs[0]!.dtype, 0);
    // Elements are numbered by their place in the pool, so that a number that the operator makes up itself stands out.
    const { operands } = moved.reduce<{ next: number; operands: (TermArray | undefined)[] }>(
      ({ next, operands }, i) => {
        const array = inputs[i];
        if (array === undefined) return { next, operands };
        const count = this.#numbers(array).length;
        const places = Float64Array.from({ length: count }, (_, place) => next + place);
        return { next: next + count, operands: operands.with(i, { ...array, terms: places }) };
      },
      { next: 1, operands: [...inputs] },
    );
    const apart = {
      ...node,
      inputs: node.inputs.map((name, i) => (name === '' ? '' : `input ${i}`)),
      origin: undefined,
    };
    const results = evaluate(
      apart,
      operands.map((array, i) => (array && moved.includes(i) ? placesTensor(array) : array?.constant)),
      opset,
    );
    outputs.forEach((claim, i) => {
      const places = results[i] && valuesOf(results[i]);
      if (claim === undefined || places === undefined) return;
      const numbers = this.#numbers(claim);
      const right =
        numbers.length === places.length && numbers.every((number, k) => number === pool[Number(places[k])]);
      this.demand(
        right && claim.dtype === inputs[moved[0]!]!.dtype,
        placeOf(node),
        'an element is claimed to come from elsewhere',
      );
      this.claims += numbers.length;
    });
    return true;
  }

  #pointwise(model: Model, node: Node, [x, ...rest]: Arrays, [claim]: Arrays): boolean {
    const to = outputType(model, node)?.dtype;
    if (x === undefined || to === undefined) return false;
    const operation = readPointwise(node, x.dtype, x.dims, to, [
      undefined,
      ...rest.map((array) => array?.constant),
    ]);
    if (operation === undefined) return false;
    if (claim === undefined) return true;
    const [from, into] = [this.#numbers(x), this.#numbers(claim)];
    this.demand(
      from.length === into.length && claim.dtype === to,
      placeOf(node),
      'the output has another shape or type',
    );
    from.forEach((number, i) => {
      const primitive = operation.primitives[operation.primitiveOf(i)]!;
      this.demand(
        this.#follows(number, into[i]!, primitive),
        placeOf(node),
        `element ${i} is not what ${node.opType} makes`,
      );
    });
    this.claims += from.length;
    return true;
  }

  /** Whether one term is an operation on another. */
  #follows(from: number, into: number, primitive: Primitive): boolean {
    const [x, y] = [this.#certificate.terms[from]!, this.#certificate.terms[into]!];
    const [origin, end] = [this.#certificate.roots.get(x.root)!, this.#certificate.roots.get(y.root)!];
    if (origin.kind === 'constant') {
      const value = applyPrimitive(primitive, origin.value);
      return (
        x.fn === 0 &&
        y.fn === 0 &&
        end.kind === 'constant' &&
        end.dtype === primitive.to &&
        Object.is(end.value, value)
      );
    }
    if (x.root !== y.root) return false;
    const known = this.#steps.get(primitive) ?? new Set<string>();
    this.#steps.set(primitive, known);
    const key = `${x.fn} ${y.fn} ${origin.dtype}`;
    if (known.has(key)) return true;
    const [f, g] = [this.#certificate.functions[x.fn]!, this.#certificate.functions[y.fn]!];
    if (!agree(f, primitive, g, origin.dtype)) return false;
    known.add(key);
    return true;
  }

  #selection(model: Model, node: Node, inputs: Arrays, [claim]: Arrays): boolean {
    const output = outputType(model, node);
    const reduces = node.opType.startsWith('Reduce');
    const compared = reduces ? inputs.slice(0, 1) : inputs;
    const axes = reduces ? inputs[1] : undefined;
    if (output?.dims === undefined || compared.some((array) => array === undefined)) return false;
    if (axes !== undefined && axes.constant === undefined) return false;
    const over = axes?.constant && Array.from(valuesOf(axes.constant), Number);
    const shape = ['MaxPool', 'Max', 'Min'].includes(node.opType) ? output.dims : compared[0]!.dims;
    const selection = readSelection(
      node,
      compared.map((array) => array!.dims),
      shape,
      over,
    );
    if (selection === undefined) return false;
    if (claim === undefined) return true;
    const operands = compared.map((array) => this.#numbers(array!));
    const numbers = this.#numbers(claim);
    this.demand(numbers.length === selection.groups.length, placeOf(node), 'the output has another shape');
    selection.groups.forEach((group, i) => {
      const terms = group.map(([input, position]) => operands[input]![position]!);
      this.demand(
        this.#picks(selection.of, terms, numbers[i]!),
        placeOf(node),
        `element ${i} is not the ${selection.of} of its group`,
      );
    });
    this.claims += numbers.length;
    return true;
  }

  /** Whether a term is the extreme of others, or what one function that never falls makes of the extreme of their roots. */
  #picks(of: string, terms: readonly number[], claimed: number): boolean {
    if (terms.every((number) => number === claimed)) return true;
    const target = this.#certificate.terms[claimed]!;
    const roots = target.fn === 0 ? terms : this.#rootsUnder(terms, target.fn);
    if (roots === undefined) return false;
    const wanted = this.#flat(of, roots);
    const root = this.#certificate.roots.get(target.root)!;
    const plain = this.#plain(target.root);
    if (wanted.length === 1) return wanted[0] === plain;
    if (root.kind !== 'extreme' || root.of.split(',')[0] !== of.split(',')[0]) return false;
    const ordered = root.dtype.startsWith('float');
    if (ordered && root.of !== of) return false;
    const sorted = ordered ? wanted : [...wanted].sort((a, b) => a - b);
    return sorted.length === root.terms.length && sorted.every((number, i) => number === root.terms[i]);
  }

  readonly #plainTerms = new Map<number, number>();

  /** The number of the term that is a root and nothing else. */
  #plain(root: number): number | undefined {
    if (this.#plainTerms.size === 0)
      this.#certificate.terms.forEach((term, number) => {
        if (term.fn === 0) this.#plainTerms.set(term.root, number);
      });
    return this.#plainTerms.get(root);
  }

  /** The roots of terms as terms of their own, if all went through one function that never falls. */
  #rootsUnder(terms: readonly number[], fn: number): readonly number[] | undefined {
    const { terms: all, functions, roots } = this.#certificate;
    if (!keepsOrder(functions[fn]!) || terms.some((number) => all[number]!.fn !== fn)) return undefined;
    const dtypes = new Set(terms.map((number) => roots.get(all[number]!.root)!.dtype));
    const plain = terms.map((number) => this.#plain(all[number]!.root));
    return dtypes.size === 1 && plain.every((number) => number !== undefined) ? plain : undefined;
  }

  /** Extremes of the same kind taken apart, repetitions left out: the first or the last of them stays. */
  #flat(of: string, numbers: readonly number[]): readonly number[] {
    const { terms, roots } = this.#certificate;
    const flat = numbers.flatMap((number) => {
      const inner = roots.get(terms[number]!.root)!;
      return terms[number]!.fn === 0 && inner.kind === 'extreme' && sameExtreme(inner, of)
        ? inner.terms
        : [number];
    });
    return of.endsWith('last') ? [...new Set([...flat].reverse())].reverse() : [...new Set(flat)];
  }

  #made(node: Node, inputs: Arrays, outputs: Arrays, opset: number): void {
    const operator = describeOperator(node, opset);
    outputs.forEach((claim, output) => {
      if (claim === undefined) return;
      const numbers = this.#numbers(claim);
      numbers.forEach((number, element) => {
        const { root, fn } = this.#certificate.terms[number]!;
        const origin = this.#certificate.roots.get(root)!;
        const right =
          fn === 0 && origin.kind === 'made' && origin.output === output && origin.element === element;
        this.demand(right, placeOf(node), `element ${element} is claimed to be something else`);
        if (element > 0) return;
        const like = this.#certificate.made[origin.node]!;
        const alike = like.inputs.every((array, i) =>
          array === undefined
            ? inputs[i] === undefined
            : inputs[i] !== undefined && this.same(array, inputs[i]),
        );
        this.demand(
          like.operator === operator && like.inputs.length === inputs.length && alike,
          placeOf(node),
          'the node is another one than claimed',
        );
      });
      const nodes = new Set(Array.from(numbers, (number) => this.#madeBy(number)));
      this.demand(nodes.size <= 1, placeOf(node), 'the elements are claimed to come from several nodes');
      this.claims += numbers.length;
    });
  }

  #madeBy(number: number): number {
    const root = this.#certificate.roots.get(this.#certificate.terms[number]!.root)!;
    return root.kind === 'made' ? root.node : -1;
  }

  same(a: TermArray, b: TermArray): boolean {
    if (a.dtype !== b.dtype || a.dims.join() !== b.dims.join()) return false;
    if (a.constant !== undefined && b.constant !== undefined) return equalTensors(a.constant, b.constant);
    const [x, y] = [this.#numbers(a), this.#numbers(b)];
    return x.length === y.length && x.every((number, i) => number === y[i]);
  }

  readonly #constants = new Map<string, number>();

  /** The number of a constant's term. */
  #constant(dtype: DataType, value: number): number {
    if (this.#constants.size === 0) {
      this.#certificate.terms.forEach(({ root, fn }, number) => {
        const origin = this.#certificate.roots.get(root)!;
        if (fn === 0 && origin.kind === 'constant')
          this.#constants.set(constantKey(origin.dtype, origin.value), number);
      });
    }
    const number = this.#constants.get(constantKey(dtype, value));
    this.demand(number !== undefined, `${dtype} ${value}`, 'nothing is claimed of the constant');
    return number;
  }

  #numbers(array: TermArray): Float64Array {
    if (array.terms !== undefined) return array.terms;
    const values = valuesOf(array.constant!) as ArrayLike<number | bigint>;
    return Float64Array.from({ length: values.length }, (_, i) =>
      this.#constant(array.dtype, Number(values[i]!)),
    );
  }
}

type Arrays = readonly (TermArray | undefined)[];

function placesTensor({ dims, terms }: TermArray) {
  return tensor('float64', dims, terms!);
}

function constantKey(dtype: DataType, value: number): string {
  return `${dtype} ${Object.is(value, -0) ? '-0' : value}`;
}

function sameExtreme(root: Root & { kind: 'extreme' }, of: string): boolean {
  return root.dtype.startsWith('float') ? root.of === of : root.of.split(',')[0] === of.split(',')[0];
}

/** Whether `g` does what `primitive` after `f` does, for every element of a type. */
function agree(f: ElementFunction, primitive: Primitive, g: ElementFunction, dtype: DataType): boolean {
  const at = (x: number) => Object.is(applyPrimitive(primitive, applyFunction(f, x)), applyFunction(g, x));
  const codes = codesOf(dtype);
  if (codes !== undefined) {
    for (let code = codes.min; code <= codes.max; code++) if (!at(code)) return false;
    return true;
  }
  if (g.kind === 'chain') {
    const links = [...(f.kind === 'chain' ? f.links : f.kind === 'identity' ? [] : [undefined]), primitive];
    return JSON.stringify(links) === JSON.stringify(g.links);
  }
  if (g.kind !== 'steps') return false;
  // Between two neighbouring places both sides are constant: steps by what they are, the rest because it never turns.
  const continuous = f.kind !== 'steps';
  if (continuous && !(isMonotone(primitive) && (f.kind !== 'chain' || f.links.every(isMonotone))))
    return false;
  if (!continuous) return dtype === 'float32' && [...f.starts, ...g.starts].every(at);
  const rises = (by: number) => g.values.every((value, i) => i === 0 || by * value >= by * g.values[i - 1]!);
  return (
    dtype === 'float32' &&
    (rises(1) || rises(-1)) &&
    [...g.starts, ...g.starts.slice(1).map(floatBelow), Infinity].every(at)
  );
}

/** Whether a function keeps the order of its values, the two zeros counting as one only when they are the same. */
function keepsOrder(of: ElementFunction): boolean {
  if (of.kind === 'chain')
    return of.links.every((link) => link.kind === 'relu' || (link.kind === 'quantize' && link.scale > 0));
  if (of.kind === 'identity') return true;
  return of.values.every((value, i) => {
    const last = of.values[i - 1];
    return last === undefined || value > last || Object.is(value, last);
  });
}
