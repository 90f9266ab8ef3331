import type { Graph, Tensor, ValueInfo } from '../ir/index.ts';
import { chance, type Kind } from './elements.ts';
import { drawDims, type Want } from './recipe.ts';
import { infoOf, Workshop } from './workshop.ts';

/** A body while it is made: what it wants from outside are inputs and values of the graph around, which it captures. */
class Body extends Workshop {
  readonly #outer: Workshop;
  readonly #given: ValueInfo[] = [];

  constructor(outer: Workshop) {
    super(outer.random, outer.leanings);
    this.#outer = outer;
    this.common.push(...outer.common);
    for (const [name, kind] of outer.kinds) this.kinds.set(name, kind);
  }

  override name(hint: string): string {
    return this.#outer.name(hint);
  }

  /** A free value is an input of the model. */
  override input(want: Want): string {
    const name = this.#outer.input(want);
    this.kinds.set(name, { dtype: want.dtype, dims: want.dims });
    this.common.push(name);
    return name;
  }

  /** Something each call of the body is given. */
  given(kind: Kind): string {
    const name = this.name('g');
    this.kinds.set(name, kind);
    this.#given.push(infoOf(name, kind));
    // Likelier than the rest: a body should look at what it is given.
    this.common.push(name, name);
    return name;
  }

  /** A value the body makes itself, as its outputs have to be. */
  own(want: Kind): string {
    const made = this.source(want, 1);
    const isOwn = this.nodes.some((node) => node.outputs.includes(made));
    return isOwn ? made : this.node('Identity', [made], {}, [want])[0]!;
  }

  graph(name: string, outputs: readonly string[]): Graph {
    return {
      name,
      nodes: this.nodes,
      initializers: this.initializers as Tensor[],
      sparseInitializers: [],
      inputs: this.#given,
      outputs: outputs.map((output) => infoOf(output, this.kinds.get(output)!)),
      valueInfos: [],
      quantizationAnnotations: [],
      metadata: [],
    };
  }
}

/** An If, a Loop or a Scan whose first output is as wanted; their bodies capture what is around. */
export function drawControl(shop: Workshop, want: Kind): string {
  const makers = [drawIf, drawLoop, drawScan];
  return shop.random.pick(makers)(shop, want);
}

/** An If that reads a value from inside: the branch taken gives it, changed or not. */
export function drawCapture(shop: Workshop, value: string): void {
  const kind = shop.kinds.get(value)!;
  const branches = ['then', 'else'].map((name) => {
    const body = new Body(shop);
    const [made] = body.node('Identity', [value], {}, [kind]);
    return [`${name}_branch`, body.graph(name, [made!])] as const;
  });
  shop.node('If', [shop.source({ dtype: 'bool', dims: [] }, 0)], Object.fromEntries(branches), [kind]);
}

/** An If of a condition that is there, or of one that is drawn. */
export function drawIf(shop: Workshop, want: Kind, condition?: string): string {
  const branches = ['then', 'else'].map((name) => {
    const body = new Body(shop);
    return [`${name}_branch`, body.graph(name, [body.own(want)])] as const;
  });
  return shop.node(
    'If',
    [condition ?? shop.source({ dtype: 'bool', dims: [] }, 1)],
    Object.fromEntries(branches),
    [want],
  )[0]!;
}

/** A Loop of up to three rounds, which may end before if nothing is collected. */
function drawLoop(shop: Workshop, want: Kind): string {
  const { random } = shop;
  const first = shop.source(want, 1);
  const rounds = random.below(4);
  const body = new Body(shop);
  const round = body.given({ dtype: 'int64', dims: [] });
  const goesOn = body.given({ dtype: 'bool', dims: [] });
  const next = step(body, body.given(want), want);
  const collected = drawCollected(body);
  const isEarly = collected.length === 0 && chance(random, 0.3);
  const limit = isEarly ? body.constant({ dtype: 'int64', dims: [], values: [1] }) : '';
  const [cond] = isEarly
    ? body.node('Less', [round, limit], {}, [{ dtype: 'bool', dims: [] }])
    : body.node('Identity', [goesOn], {}, [{ dtype: 'bool', dims: [] }]);
  const inputs = [
    shop.constant({ dtype: 'int64', dims: [], values: [rounds] }),
    chance(random, 0.5) ? shop.constant({ dtype: 'bool', dims: [], values: [1] }) : '',
    first,
  ];
  const outputs = [want, ...collected.map((name) => stacked(body.kinds.get(name)!, rounds))];
  return shop.node('Loop', inputs, { body: body.graph('body', [cond!, next, ...collected]) }, outputs)[0]!;
}

/** A Scan of a sequence of up to three parts, from either end. */
function drawScan(shop: Workshop, want: Kind): string {
  const { random } = shop;
  const first = shop.source(want, 1);
  const length = 1 + random.below(3);
  const part: Kind = { dtype: 'float32', dims: chance(random, 0.5) ? want.dims : drawDims(random, 0, 2) };
  const sequence = shop.source(stacked(part, length), 1);
  const body = new Body(shop);
  const state = body.given(want);
  body.given(part);
  const next = step(body, state, want);
  const collected = drawCollected(body);
  const outputs = [want, ...collected.map((name) => stacked(body.kinds.get(name)!, length))];
  const attributes = {
    body: body.graph('body', [next, ...collected]),
    num_scan_inputs: 1,
    ...(chance(random, 0.3) ? { scan_input_directions: [1] } : {}),
  };
  return shop.node('Scan', [first, sequence], attributes, outputs)[0]!;
}

/** What a value is after another round. */
function step(body: Body, state: string, want: Kind): string {
  const adds = want.dtype === 'float32' || want.dtype === 'int64';
  return adds ? body.node('Add', [state, body.source(want, 1)], {}, [want])[0]! : body.own(want);
}

/** Values whose rounds are collected. */
function drawCollected(body: Body): readonly string[] {
  const { random } = body;
  return Array.from({ length: random.below(3) }, () =>
    body.own({ dtype: 'float32', dims: drawDims(random, 0, 2) }),
  );
}

function stacked({ dtype, dims }: Kind, count: number): Kind {
  return { dtype, dims: [count, ...dims] };
}
