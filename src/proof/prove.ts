import { type DataType, elementCount, integerRange, type Model, type Tensor, tensor } from '../ir/index.ts';
import { execute } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { createRandom, type Random } from '../support/random.ts';
import { type TermArray, termsOf } from './arrays.ts';
import type { Certificate } from './certificate.ts';
import { followModel, Made, sameArray } from './follow.ts';
import { applyFunction, codesOf, type ElementFunction } from './functions.ts';
import { type Port, portsOf, subjectOf, tellInterface } from './subject.ts';
import { tellTerm } from './tell.ts';
import { TermTable } from './terms.ts';
import { Unfollowed } from './unfollowed.ts';

/** What `proveEqual` found out. */
export type Proof =
  | {
      /** Every output bit is equal for all inputs, as long as no NaN arises. */
      readonly verdict: 'proved';
      readonly certificate: Certificate;
      /** Elements of the outputs that were shown to be equal. */
      readonly elements: number;
    }
  | {
      /** The models differ on these inputs: both were run on them. */
      readonly verdict: 'refuted';
      readonly inputs: ReadonlyMap<string, Tensor>;
      readonly output: string;
      readonly element: number;
      readonly before: number;
      readonly after: number;
    }
  | {
      readonly verdict: 'undecided';
      /** `differs`: elements came out as different things, which may still be equal; `unfollowed`: nobody could say what they are. */
      readonly cause: 'differs' | 'unfollowed';
      /** The place where the proof stopped, and why. */
      readonly at: string;
      readonly reason: string;
    };

export interface ProveOptions {
  /** Lengths of symbolic dimensions by their name; 1 for the others and for unknown ones. */
  readonly dims?: ReadonlyMap<string, number>;
  /** Elements all values together may have; four million unless given. */
  readonly limit?: number;
}

/**
 * Decides, without sampling, whether two models compute the same outputs bit for bit, for inputs of given shapes and of
 * any finite values.
 *
 * Each element is followed through both models: operators that copy, select or order elements by the places they take
 * them from; QuantizeLinear, DequantizeLinear, Relu and Clip by what they do to every code there is, or, in front of a
 * quantizer, by every float32 at which the code changes. All other operators are taken as they are: the same operator on
 * the same elements makes the same. Two models are proved equal when each output element comes out as the same thing;
 * the certificate can be checked again with `checkCertificate`. Where the elements differ, an input that shows it is
 * looked for and tried.
 *
 * NaN is left out: a NaN inside a MaxPool decides differently before and behind a quantizer.
 *
 * @throws ModelError `interface-differs` when inputs or outputs have other names or types
 */
export function proveEqual(before: Model, after: Model, options: ProveOptions = {}): Proof {
  const [first, second] = [subjectOf(before, options.dims), subjectOf(after, options.dims)];
  checkInterface(first, second);
  const common = { table: new TermTable(), made: new Made(), limit: options.limit ?? 4_000_000 };
  const inputs = inputTerms(first, common.table);
  try {
    const values = {
      before: followModel(first, inputs, common),
      after: followModel(second, inputs, common),
    };
    const outputs = first.graph.outputs.map(({ name }) => name);
    for (const name of outputs)
      if (!values.before.has(name) || !values.after.has(name))
        throw new Unfollowed(name, 'nothing makes the output');
    const differing = outputs.find(
      (name) => !sameElements(values.before.get(name)!, values.after.get(name)!, common.table),
    );
    if (differing !== undefined) {
      const proof = findWitness(first, second, differing, values, common.table);
      return proof.verdict === 'undecided' ? { ...proof, ...causeOf(common.made) } : proof;
    }
    const elements = outputs.reduce((sum, name) => sum + elementCount(values.before.get(name)!.dims), 0);
    return {
      verdict: 'proved',
      certificate: certify(options.dims ?? new Map(), common.table, common.made, values),
      elements,
    };
  } catch (error) {
    if (!(error instanceof Unfollowed)) throw error;
    const sampled = compareOnSamples(first, second);
    return sampled ?? { verdict: 'undecided', cause: 'unfollowed', at: error.at, reason: error.message };
  }
}

/** Elements may have come out as different things because quantizers, to codes of float8 perhaps, were not looked into. */
function causeOf(made: Made): { readonly cause: 'differs' | 'unfollowed' } {
  const opaque = made.nodes.some(({ operator }) => /::(De)?[Qq]uantizeLinear@/.test(operator));
  return { cause: opaque ? 'unfollowed' : 'differs' };
}

interface Values {
  readonly before: ReadonlyMap<string, TermArray>;
  readonly after: ReadonlyMap<string, TermArray>;
}

function checkInterface(before: Model, after: Model): void {
  const [old, now] = [tellInterface(before), tellInterface(after)];
  if (old === now) return;
  throw new ModelError('interface-differs', 'The models have other inputs or outputs.', {
    fix: `Prove models of one interface; these have ${old} and ${now}.`,
  });
}

function inputTerms(model: Model, table: TermTable): ReadonlyMap<string, TermArray> {
  return new Map(
    portsOf(model).map(({ name, dtype, dims }) => {
      const rootOf = (element: number) => ({ kind: 'input', dtype, name, element }) as const;
      return [name, { dtype, dims, terms: table.tensor(`input ${name}`, elementCount(dims), rootOf) }];
    }),
  );
}

function sameElements(a: TermArray, b: TermArray, table: TermTable): boolean {
  if (sameArray(a, b)) return true;
  const taken = (array: TermArray) => ({
    dtype: array.dtype,
    dims: array.dims,
    terms: termsOf(array, table.constant),
  });
  return (a.terms === undefined) !== (b.terms === undefined) && sameArray(taken(a), taken(b));
}

/** An input on which an output differs, if one can be found; what differs, if not. */
function findWitness(before: Model, after: Model, output: string, values: Values, table: TermTable): Proof {
  const [a, b] = [values.before.get(output)!, values.after.get(output)!];
  if (a.dims.join() !== b.dims.join() || a.dtype !== b.dtype) {
    const reason = `it is ${a.dtype}[${a.dims}] before and ${b.dtype}[${b.dims}] after`;
    return compareOnSamples(before, after) ?? { verdict: 'undecided', cause: 'differs', at: output, reason };
  }
  const [x, y] = [termsOf(a, table.constant), termsOf(b, table.constant)];
  const element = x.findIndex((term, i) => term !== y[i]);
  const constructed = differingInputs(before, x[element]!, y[element]!, table);
  const found =
    (constructed && tried(() => compareOn(before, after, constructed))) ?? compareOnSamples(before, after);
  if (found !== undefined) return found;
  const reason = `element ${element} is ${tellTerm(table, x[element]!)} before and ${tellTerm(table, y[element]!)} after`;
  return { verdict: 'undecided', cause: 'differs', at: output, reason };
}

/** Inputs that give two functions of one root values that differ. */
function differingInputs(
  model: Model,
  a: number,
  b: number,
  table: TermTable,
): ReadonlyMap<string, Tensor> | undefined {
  const [first, second] = [table.term(a), table.term(b)];
  if (first.root !== second.root) return undefined;
  const [f, g] = [table.functions[first.fn]!, table.functions[second.fn]!];
  const x = candidates(f, g, table.root(first.root).dtype).find(
    (value) => !Object.is(applyFunction(f, value), applyFunction(g, value)),
  );
  if (x === undefined) return undefined;
  const places = elementsBehind(first.root, table);
  if (places === undefined) return undefined;
  return new Map(
    portsOf(model).map(({ name, dtype, dims }) => {
      const data = new Array<number>(elementCount(dims)).fill(0);
      for (const place of places) if (place.name === name) data[place.element] = x;
      return [name, tensor(dtype, dims, data)];
    }),
  );
}

/** Numbers at which two functions of one root may differ. */
function candidates(f: ElementFunction, g: ElementFunction, dtype: DataType): readonly number[] {
  const codes = codesOf(dtype);
  if (codes !== undefined) return Array.from({ length: codes.max - codes.min + 1 }, (_, i) => codes.min + i);
  const starts = [f, g].flatMap((of) => (of.kind === 'steps' ? of.starts : [])).filter(Number.isFinite);
  return [...starts, 0, -0, 0.3, -0.3, 1, -1, 1e6, -1e6];
}

/** The input elements that, all set to one number, give a root that number. */
function elementsBehind(
  number: number,
  table: TermTable,
): readonly { readonly name: string; readonly element: number }[] | undefined {
  const root = table.root(number);
  if (root.kind === 'input') return [root];
  if (root.kind !== 'extreme') return undefined;
  const inner = root.terms.map((term) =>
    table.term(term).fn === 0 ? elementsBehind(table.term(term).root, table) : undefined,
  );
  return inner.every((places) => places !== undefined) ? inner.flat() : undefined;
}

/** Tries a few random inputs: a proof that failed may still end with a counterexample. */
function compareOnSamples(before: Model, after: Model): Proof | undefined {
  for (let seed = 1; seed <= 8; seed++) {
    const random = createRandom(seed);
    const found = tried(() => {
      const inputs = portsOf(before).map((port) => [port.name, drawTensor(port, seed, random)] as const);
      return compareOn(before, after, new Map(inputs));
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Codes from their whole range; wider integers, which may be indices, and floats from ranges that grow. */
function drawTensor({ dtype, dims }: Port, seed: number, random: Random): Tensor {
  const count = elementCount(dims) * (dtype.startsWith('complex') ? 2 : 1);
  const codes = codesOf(dtype);
  const isWhole = dtype === 'bool' || integerRange(dtype) !== undefined;
  const most = dtype === 'bool' ? 2 : 2 ** seed;
  const draw = () => {
    if (codes !== undefined) return codes.min + random.below(codes.max - codes.min + 1);
    return isWhole ? random.below(most) : (random.uniform() - 0.5) * most;
  };
  const data = Array.from({ length: count }, draw);
  return tensor(dtype, dims, dtype === 'string' ? data.map(String) : data);
}

/** What comes of an attempt on models that may not run on the inputs, or not at all. */
function tried(attempt: () => Proof | undefined): Proof | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

function compareOn(before: Model, after: Model, inputs: ReadonlyMap<string, Tensor>): Proof | undefined {
  const [old, now] = [execute(before, inputs), execute(after, inputs)];
  for (const [output, tensor] of old) {
    const [x, y] = [tensor.toTypedArray(), now.get(output)!.toTypedArray()] as ArrayLike<number>[];
    const element = Array.from(x!).findIndex((value, i) => !Object.is(value, y![i]));
    if (element < 0) continue;
    const [a, b] = [Number(x![element]), Number(y![element])];
    return { verdict: 'refuted', inputs, output, element, before: a, after: b };
  }
  return undefined;
}

function certify(
  dims: ReadonlyMap<string, number>,
  table: TermTable,
  made: Made,
  values: Values,
): Certificate {
  const terms = Array.from({ length: table.size }, (_, i) => table.term(i));
  const roots = new Map(terms.map(({ root }) => [root, table.root(root)]));
  return {
    dims,
    functions: table.functions,
    terms,
    roots,
    made: made.nodes,
    before: values.before,
    after: values.after,
  };
}
