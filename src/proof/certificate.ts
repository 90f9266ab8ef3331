import { equalTensors } from '../analysis/index.ts';
import { type DataType, elementCount, type Model, type Node, sortNodes, type Tensor } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { constantKey, poolOf, type TermArray, termsOf } from './arrays.ts';
import type { MadeNode } from './follow.ts';
import { checkForm, demand, dtypeOf } from './form.ts';
import { applyFunction, codesOf, type ElementFunction, floatBelow, neverFalls } from './functions.ts';
import type { Moves } from './moves.ts';
import {
  applyPrimitive,
  isMonotone,
  keepsOrder,
  type Pointwise,
  type Primitive,
  samePrimitive,
} from './primitives.ts';
import { type MadeBy, type Reading, readNode } from './read.ts';
import { portsOf, subjectOf, tellInterface } from './subject.ts';
import { anyOf, type Extreme, orderMatters, picksAlike, type Root, type Term, termKey } from './terms.ts';
import { placeOf, Unfollowed } from './unfollowed.ts';
import type { Selection } from './windows.ts';

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
 * Checks a proof of `proveEqual` again, node by node, with none of its search. Nothing a certificate says is taken on
 * trust: whatever is changed in it, either it still proves the same or it is refused.
 *
 * First its functions, terms and roots have to be of the form their descriptions promise. Then the claim about each
 * element must follow from the claims about its node's inputs: moved elements come from their places, operations on
 * single elements are compared at every code, or at both sides of every step, extremes by the elements they are picked
 * from, and other nodes by being the same operator on the same elements. At the end both models claim the same for every
 * output. What operators mean is read by the code that the proof was found with; tests hold it against the executor.
 */
export function checkCertificate(before: Model, after: Model, certificate: Certificate): CertificateCheck {
  try {
    const [first, second] = [subjectOf(before, certificate.dims), subjectOf(after, certificate.dims)];
    demand(tellInterface(first) === tellInterface(second), 'main', 'the models have other inputs or outputs');
    const checker = new Checker(certificate);
    checker.model(first, certificate.before);
    checker.model(second, certificate.after);
    for (const { name } of first.graph.outputs) {
      const [a, b] = [certificate.before.get(name), certificate.after.get(name)];
      const same = a !== undefined && b !== undefined && checker.same(a, b);
      demand(same, name, 'the outputs are not claimed to be the same');
    }
    return { valid: true, claims: checker.claims };
  } catch (error) {
    if (error instanceof Unfollowed) return { valid: false, at: error.at, reason: error.message };
    if (error instanceof ModelError) return { valid: false, at: error.at ?? 'main', reason: error.message };
    throw error;
  }
}

type Arrays = readonly (TermArray | undefined)[];

class Checker {
  claims = 0;
  readonly #certificate: Certificate;
  /** Element type of each term. */
  readonly #dtypes: readonly DataType[];
  /** Terms by their root and function; made when first asked for. */
  #numbers: ReadonlyMap<number, number> | undefined;
  /** Terms of constants by their type and value. */
  readonly #constants = new Map<string, number>();
  /** Extremes that a constant takes part in. */
  readonly #mixed = new Map<Root, boolean>();
  /** Steps from one function to the next that were found right. */
  readonly #steps = new Map<Primitive, Set<string>>();

  constructor(certificate: Certificate) {
    checkForm(certificate);
    this.#certificate = certificate;
    const { terms, roots, functions } = certificate;
    this.#dtypes = terms.map(({ root, fn }) => dtypeOf(functions[fn]!, roots.get(root)!));
    terms.forEach(({ root }, number) => {
      const origin = roots.get(root)!;
      if (origin.kind === 'constant') this.#constants.set(constantKey(origin.dtype, origin.value), number);
    });
    for (const root of roots.values()) if (root.kind === 'extreme') this.#extreme(root);
    for (const { inputs } of certificate.made)
      for (const array of inputs) if (array !== undefined) this.#array('made', array);
  }

  /** Every value of a model, and no other one, has a claim that follows. */
  model(model: Model, values: ReadonlyMap<string, TermArray>): void {
    const { graph } = model;
    demand(graph.sparseInitializers.length === 0, 'main', 'sparse initializers are not followed');
    const known = new Map<string, TermArray>();
    const claimOf = (name: string, type: { readonly dtype: DataType; readonly dims: readonly number[] }) => {
      const claim = values.get(name);
      demand(claim !== undefined, name, 'nothing is claimed of it');
      this.#array(name, claim);
      demand(
        claim.dtype === type.dtype && claim.dims.join() === type.dims.join(),
        name,
        `it is claimed to be ${claim.dtype}[${claim.dims}] and is ${type.dtype}[${type.dims}]`,
      );
      known.set(name, claim);
      return claim;
    };
    for (const port of portsOf(model)) this.#input(port.name, claimOf(port.name, port));
    for (const tensor of graph.initializers) {
      const name = tensor.name ?? '';
      if (!known.has(name)) this.#constant(name, claimOf(name, tensor), tensor);
    }
    for (const node of sortNodes(graph.nodes)) {
      const inputs = node.inputs.map((name) => {
        demand(name === '' || known.has(name), placeOf(node), `nothing makes the value "${name}"`);
        return known.get(name);
      });
      const reading = readNode(model, node, inputs);
      const types = outputTypes(reading, inputs);
      const outputs = node.outputs.map((name, i) =>
        name === '' || types[i] === undefined ? undefined : claimOf(name, types[i]),
      );
      this.#node(node, reading, inputs, outputs);
    }
    for (const name of values.keys()) demand(known.has(name), name, 'the model has no such value');
    for (const { name } of graph.outputs) demand(known.has(name), name, 'nothing makes the output');
  }

  /** Whether two arrays are the same elements in the same shape. */
  same(a: TermArray, b: TermArray): boolean {
    if (a.dtype !== b.dtype || a.dims.join() !== b.dims.join()) return false;
    if (a.constant !== undefined && b.constant !== undefined) return equalTensors(a.constant, b.constant);
    const [x, y] = [this.#terms(a), this.#terms(b)];
    return x.every((number, i) => number === y[i]);
  }

  #input(name: string, { terms }: TermArray): void {
    demand(terms !== undefined, name, 'the input is claimed to be a constant');
    terms.forEach((number, element) => {
      const { root, fn } = this.#term(number);
      const right = fn === 0 && root.kind === 'input' && root.name === name && root.element === element;
      demand(right, name, `element ${element} of the input is claimed to be something else`);
    });
  }

  #constant(at: string, claim: TermArray, tensor: Tensor): void {
    const right = claim.constant !== undefined && equalTensors(claim.constant, tensor);
    demand(right, at, 'it is another constant than claimed');
  }

  #node(node: Node, reading: Reading, inputs: Arrays, outputs: Arrays): void {
    const at = placeOf(node);
    switch (reading.kind) {
      case 'constants':
        outputs.forEach((claim, i) => {
          if (claim !== undefined) this.#constant(at, claim, reading.outputs[i]!);
        });
        return;
      case 'moves':
        this.#moves(at, reading, inputs, outputs);
        return;
      case 'pointwise':
        this.#pointwise(at, reading, inputs, outputs);
        return;
      case 'selection':
        this.#selection(at, reading, inputs, outputs);
        return;
      case 'made':
        this.#made(at, reading, inputs, outputs);
    }
  }

  #moves(
    at: string,
    { dtype, moved, fills, outputs: readings }: Moves,
    inputs: Arrays,
    outputs: Arrays,
  ): void {
    const zero = fills ? this.#numberOf(dtype, 0) : -1;
    const pool = poolOf(
      moved.map((i) => this.#terms(inputs[i]!)),
      zero,
    );
    outputs.forEach((claim, i) => {
      if (claim === undefined) return;
      const { places } = readings[i]!;
      const right = this.#terms(claim).every((number, k) => number === pool[places[k]!]);
      demand(right, at, 'an element is claimed to come from elsewhere');
      this.claims += places.length;
    });
  }

  #pointwise(
    at: string,
    { operand, primitives, primitiveOf }: Pointwise,
    inputs: Arrays,
    [claim]: Arrays,
  ): void {
    if (claim === undefined) return;
    const [from, into] = [this.#terms(inputs[operand]!), this.#terms(claim)];
    from.forEach((number, i) => {
      const right = this.#follows(number, into[i]!, primitives[primitiveOf(i)]!);
      demand(right, at, `element ${i} is not what the operator makes`);
    });
    this.claims += from.length;
  }

  /** Whether one term is an operation on another. */
  #follows(from: number, into: number, primitive: Primitive): boolean {
    const [x, y] = [this.#term(from), this.#term(into)];
    if (x.root.kind === 'constant')
      return into === this.#findNumber(primitive.to, applyPrimitive(primitive, Number(x.root.value)));
    if (x.term.root === y.term.root && this.#agrees(x.fn, y.fn, primitive, x.root.dtype)) return true;
    return x.root.kind === 'extreme' && x.fn === 0 && this.#followsInside(x.root, into, primitive);
  }

  /** Whether one function is an operation after another, for every element of a type. */
  #agrees(from: number, into: number, primitive: Primitive, dtype: DataType): boolean {
    const known = this.#steps.get(primitive) ?? new Set<string>();
    this.#steps.set(primitive, known);
    const key = `${from} ${into} ${dtype}`;
    if (known.has(key)) return true;
    const { functions } = this.#certificate;
    if (!agree(functions[from]!, primitive, functions[into]!, dtype)) return false;
    known.add(key);
    return true;
  }

  /** Whether a term is the extreme of what an operation that keeps the order makes of the elements of another extreme. */
  #followsInside(from: Root & { kind: 'extreme' }, into: number, primitive: Primitive): boolean {
    if (!keepsOrder(primitive)) return false;
    const { fn, root } = this.#term(into);
    const candidates = fn === 0 && root.kind === 'extreme' ? root.terms : [into];
    const terms = this.#elementsAfter(from, candidates, primitive);
    return terms !== undefined && this.#picks(from.of, terms, into);
  }

  /**
   * What an operation that keeps the order makes of the elements of an extreme, and of those of extremes of its kind
   * among them; none of it is −0, so that it does not matter which of equal ones is picked.
   */
  #elementsAfter(
    from: Root & { kind: 'extreme' },
    candidates: readonly number[],
    primitive: Primitive,
  ): readonly number[] | undefined {
    const made: number[] = [];
    for (const inner of from.terms) {
      const { fn, root } = this.#term(inner);
      const one = candidates.find((term) => this.#follows(inner, term, primitive));
      const isNested = fn === 0 && root.kind === 'extreme' && anyOf(root.of) === anyOf(from.of);
      const several =
        one === undefined && isNested ? this.#elementsAfter(root, candidates, primitive) : undefined;
      if (one === undefined && several === undefined) return undefined;
      made.push(...(several ?? [one!]));
    }
    return made;
  }

  #selection(at: string, { of, groups }: Selection, inputs: Arrays, [claim]: Arrays): void {
    if (claim === undefined) return;
    const operands = inputs.map((array) => array && this.#terms(array));
    const numbers = this.#terms(claim);
    groups.forEach((group, i) => {
      const terms = group.map(([input, position]) => operands[input]![position]!);
      demand(this.#picks(of, terms, numbers[i]!), at, `element ${i} is not the ${of} of its group`);
    });
    this.claims += numbers.length;
  }

  /** Whether a term is the extreme of others, or what one function that never falls makes of the extreme of their roots. */
  #picks(of: Extreme, terms: readonly number[], claimed: number): boolean {
    if (terms.every((number) => number === claimed)) return true;
    const { fn, term, root } = this.#term(claimed);
    if (fn !== 0 && !neverFalls(this.#certificate.functions[fn]!)) return false;
    const members = fn === 0 ? terms : this.#rootsUnder(terms, fn);
    if (members === undefined) return false;
    const wanted = this.#flat(of, members);
    if (wanted.length === 1) return wanted[0] === this.#numberAt(term.root, 0);
    if (root.kind !== 'extreme') return false;
    if (root.of === anyOf(of)) return sameNumbers(root.terms, [...wanted].sort(ascending));
    return root.of === of && sameNumbers(root.terms, wanted);
  }

  /** The roots of terms as terms of their own, if all went through one function. */
  #rootsUnder(terms: Iterable<number>, fn: number): readonly number[] | undefined {
    const plain: number[] = [];
    for (const number of terms) {
      const { term } = this.#term(number);
      const root = term.fn === fn ? this.#numberAt(term.root, 0) : undefined;
      if (root === undefined) return undefined;
      plain.push(root);
    }
    return plain;
  }

  /**
   * The elements an extreme is picked from, each once, where it is the first or the last of them: extremes of the same
   * kind taken apart, beside a constant also those behind a function that never falls.
   */
  #flat(of: Extreme, numbers: readonly number[]): readonly number[] {
    const parts = numbers.flatMap((number) => {
      const { fn, root } = this.#term(number);
      return fn === 0 && root.kind === 'extreme' && picksAlike(root.of, of) ? root.terms : [number];
    });
    const flat = parts.some((number) => this.#isMixed(number))
      ? parts.flatMap((number) => this.#behind(of, number))
      : parts;
    return of.endsWith('last') ? [...new Set([...flat].reverse())].reverse() : [...new Set(flat)];
  }

  /** The elements of an extreme, each behind the function that the extreme is behind. */
  #behind(of: Extreme, number: number): readonly number[] {
    const { fn, root } = this.#term(number);
    if (root.kind !== 'extreme' || !picksAlike(root.of, of)) return [number];
    if (!neverFalls(this.#certificate.functions[fn]!)) return [number];
    const inner = root.terms.map((term) => this.#term(term));
    const parts = inner.map(({ term }) => this.#numberAt(term.root, fn));
    const plain = inner.every((part) => part.fn === 0) && !root.terms.some((term) => this.#isMixed(term));
    return plain && parts.every((part) => part !== undefined) ? parts : [number];
  }

  /** Whether a term is a constant, or an extreme that a constant takes part in. */
  #isMixed(number: number): boolean {
    const { fn, root } = this.#term(number);
    if (fn !== 0 || root.kind !== 'extreme') return root.kind === 'constant';
    const known = this.#mixed.get(root) ?? root.terms.some((term) => this.#isMixed(term));
    this.#mixed.set(root, known);
    return known;
  }

  #made(at: string, { operator, carried }: MadeBy, inputs: Arrays, outputs: Arrays): void {
    outputs.forEach((claim, output) => {
      if (claim === undefined || elementCount(claim.dims) === 0) return;
      const numbers = this.#terms(claim);
      const first = this.#term(numbers[0]!);
      const { dtype } = first.root;
      const node = first.root.kind === 'made' ? first.root.node : -1;
      numbers.forEach((number, element) => {
        const { root, fn } = this.#term(number);
        const right =
          root.kind === 'made' && root.node === node && root.output === output && root.element === element;
        const alike = fn === first.fn && root.dtype === dtype;
        demand(right && alike, at, `element ${element} is claimed to be something else`);
      });
      demand(first.fn === 0 || carried.length > 0, at, 'more is claimed to be done than the operator does');
      const read = inputs.map((array, i) =>
        first.fn !== 0 && array && carried.includes(i) ? this.#before(at, array, first.fn, dtype) : array,
      );
      this.#madeLike(at, this.#certificate.made[node]!, operator, read);
      this.claims += numbers.length;
    });
  }

  /** The elements of an array before the function that all of them went through. */
  #before(
    at: string,
    { dims, terms = new Float64Array() }: TermArray,
    fn: number,
    dtype: DataType,
  ): TermArray {
    const plain = this.#rootsUnder(terms, fn) ?? [];
    const right =
      plain.length === elementCount(dims) && plain.every((number) => this.#dtypes[number] === dtype);
    demand(right, at, 'its elements went through other functions than claimed');
    return { dtype, dims, terms: Float64Array.from(plain) };
  }

  #madeLike(at: string, like: MadeNode, operator: string, inputs: Arrays): void {
    const alike =
      like.operator === operator &&
      like.inputs.length === inputs.length &&
      like.inputs.every((array, i) => {
        const input = inputs[i];
        return array === undefined || input === undefined ? array === input : this.same(array, input);
      });
    demand(alike, at, 'the node is another one than claimed');
  }

  /** An extreme is of one type, and its order is left open only where it does not matter. */
  #extreme({ dtype, of, terms }: Root & { kind: 'extreme' }): void {
    const { functions } = this.#certificate;
    const typed = terms.every((number) => this.#dtypes[number] === dtype);
    demand(typed, 'certificate', 'an extreme is picked from elements of other types');
    const told = terms.map((number) => this.#term(number));
    const ordered = orderMatters(told.map(({ root, fn }) => ({ root, fn: functions[fn]! })));
    demand((of === anyOf(of)) !== ordered, 'certificate', 'an extreme leaves open what matters');
  }

  /** An array is either a constant or terms, of its type and as many as its shape says. */
  #array(at: string, { dtype, dims, terms, constant }: TermArray): void {
    demand(
      (terms === undefined) !== (constant === undefined),
      at,
      'it is claimed to be nothing, or two things',
    );
    const alike =
      constant === undefined || (constant.dtype === dtype && constant.dims.join() === dims.join());
    demand(alike, at, 'the constant is claimed to have another type or shape');
    if (terms === undefined) return;
    demand(terms.length === elementCount(dims), at, 'its elements are not as many as claimed');
    const typed = terms.every((number) => this.#dtypes[number] === dtype);
    demand(typed, at, 'an element is claimed to be of another type');
  }

  #term(number: number): { readonly term: Term; readonly root: Root; readonly fn: number } {
    const term = this.#certificate.terms[number]!;
    return { term, root: this.#certificate.roots.get(term.root)!, fn: term.fn };
  }

  #numberAt(root: number, fn: number): number | undefined {
    this.#numbers ??= new Map(this.#certificate.terms.map((term, i) => [termKey(term.root, term.fn), i]));
    return this.#numbers.get(termKey(root, fn));
  }

  #terms(array: TermArray): Float64Array {
    return termsOf(array, (dtype, value) => this.#numberOf(dtype, value));
  }

  #findNumber(dtype: DataType, value: number | bigint): number | undefined {
    return this.#constants.get(constantKey(dtype, value));
  }

  #numberOf(dtype: DataType, value: number | bigint): number {
    const number = this.#findNumber(dtype, value);
    demand(number !== undefined, `${dtype} ${value}`, 'nothing is claimed of the constant');
    return number;
  }
}

/** Type and shape of the outputs of a node. */
function outputTypes(
  reading: Reading,
  inputs: Arrays,
): readonly ({ readonly dtype: DataType; readonly dims: readonly number[] } | undefined)[] {
  switch (reading.kind) {
    case 'moves':
      return reading.outputs.map((output) => output && { dtype: reading.dtype, dims: output.dims });
    case 'pointwise':
      return [{ dtype: reading.dtype, dims: inputs[reading.operand]!.dims }];
    case 'selection':
      return [reading];
    case 'constants':
    case 'made':
      return reading.outputs;
  }
}

/** Whether `g` does what `primitive` after `f` does, for every element of a type. */
function agree(f: ElementFunction, primitive: Primitive, g: ElementFunction, dtype: DataType): boolean {
  if ([f, g].some((of) => (of.kind === 'table' || of.kind === 'steps') && of.from !== dtype)) return false;
  if (primitive.to !== (g.kind === 'identity' ? dtype : g.to)) return false;
  const at = (x: number) => Object.is(applyPrimitive(primitive, applyFunction(f, x)), applyFunction(g, x));
  const codes = codesOf(dtype);
  if (codes !== undefined) {
    for (let code = codes.min; code <= codes.max; code++) if (!at(code)) return false;
    return true;
  }
  if (g.kind === 'chain') {
    const links = f.kind === 'identity' ? [] : f.kind === 'chain' ? f.links : undefined;
    if (links === undefined || links.length + 1 !== g.links.length) return false;
    return [...links, primitive].every((link, i) => samePrimitive(link, g.links[i]!));
  }
  if (g.kind !== 'steps') return false;
  if (f.kind === 'steps') return [...f.starts, ...g.starts].every(at);
  // Codes have no negative zero, and a function that never turns is constant where it is the same at both ends.
  const links = f.kind === 'chain' ? [...f.links, primitive] : [primitive];
  if (codesOf(primitive.to) === undefined || !links.every(isMonotone)) return false;
  return [...g.starts, ...g.starts.slice(1).map((start) => floatBelow(start, dtype)), Infinity].every(at);
}

function ascending(a: number, b: number): number {
  return a - b;
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}
