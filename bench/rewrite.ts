/**
 * How the cost of rewriting grows: a scan in which nothing matches, and the same rewrites in graphs of two sizes.
 *
 * Run with `node --expose-gc --import tsx bench/rewrite.ts`.
 */
import type { Model, Node } from '../src/ir/index.ts';
import { any, op } from '../src/pattern/index.ts';
import { type Rule, rewrite, rule, ruleSet } from '../src/rewrite/index.ts';
import { median, type Row, table } from './support.ts';

const none: readonly never[] = Object.freeze([]);

function node(opType: string, inputs: readonly string[], output: string): Node {
  return Object.freeze({
    opType,
    name: `node ${output}`,
    inputs: Object.freeze([...inputs]),
    outputs: Object.freeze([output]),
    attributes: none,
    metadata: none,
    deviceConfigurations: none,
  });
}

/** Chains of a hundred nodes, `special` of them, spread evenly, a Neg. */
function chains(count: number, special: number): Model {
  const operators = ['Relu', 'Sigmoid', 'Tanh', 'Exp', 'Abs', 'Floor', 'Ceil', 'Sqrt', 'Softplus', 'Erf'];
  const every = count / special;
  const outputs: string[] = [];
  const nodes: Node[] = [];
  for (let i = 0; i < count; i++) {
    const opType =
      Math.floor(i / every) > Math.floor((i - 1) / every) ? 'Neg' : operators[i % operators.length]!;
    nodes.push(node(opType, [i % 100 === 0 ? 'x' : `v${i - 1}`], `v${i}`));
    if (i % 100 === 99 || i === count - 1) outputs.push(`v${i}`);
  }
  const float = { kind: 'tensor', elemType: 'float32', shape: [{ value: 8 }] } as const;
  return {
    irVersion: 10,
    opsetImports: [{ domain: '', version: 21 }],
    metadata: none,
    trainingInfo: none,
    functions: none,
    configurations: none,
    graph: {
      name: 'chains',
      nodes: Object.freeze(nodes),
      inputs: [{ name: 'x', type: float, metadata: none }],
      outputs: outputs.map((name) => ({ name, type: float, metadata: none })),
      initializers: none,
      sparseInitializers: none,
      valueInfos: none,
      quantizationAnnotations: none,
      metadata: none,
    },
  };
}

/** Rules that look at real operators, sometimes two nodes deep, and never match these chains. */
function fiftyRules(): Rule[] {
  const operators = [
    'Relu',
    'Sigmoid',
    'Tanh',
    'Exp',
    'Abs',
    'Floor',
    'Ceil',
    'Sqrt',
    'Softplus',
    'Erf',
  ] as const;
  return Array.from({ length: 50 }, (_, i) => {
    const root = op[operators[i % 10]!];
    const above = op[operators[(i + 1 + Math.floor(i / 10)) % 10]!];
    return rule({ name: `rule-${i}`, match: root(above(above(any('x')))), becomes: any('x') });
  });
}

const negToRound = rule({
  name: 'neg-to-round',
  match: op.Neg(any('x')),
  rewrite: ({ x }, build) => build.Round(x),
});

export async function run(): Promise<string> {
  const rounds = 7;
  const scanModel = chains(20_000, 1);
  const scanRules = ruleSet(fiftyRules());
  const [small, large] = [chains(10_000, 10_000), chains(100_000, 10_000)];
  const times = { scan: [] as number[], small: [] as number[], large: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    times.scan.push(time(() => rewrite(afresh(scanModel), scanRules)));
    times.small.push(time(() => expectRewrites(small)));
    times.large.push(time(() => expectRewrites(large)));
  }
  const rows: Row[] = [
    ['50 rules over 20,000 nodes, no match', `${median(times.scan).toFixed(0)} ms`, 'goal: under 1,000 ms'],
    ['10,000 rewrites in 10,000 nodes', `${median(times.small).toFixed(0)} ms`, ''],
    [
      '10,000 rewrites in 100,000 nodes',
      `${median(times.large).toFixed(0)} ms`,
      `${(median(times.large) / median(times.small)).toFixed(2)} × the smaller (goal: 2)`,
    ],
  ];
  return table(['rewriting', 'median', ''], rows);
}

/** An equal model that nothing has been found out about yet. */
function afresh(model: Model): Model {
  return { ...model, graph: { ...model.graph } };
}

function expectRewrites(model: Model): void {
  const { trace } = rewrite(afresh(model), negToRound);
  if (trace.rewrites.length !== 10_000) throw new Error(`${trace.rewrites.length} rewrites`);
}

function time(work: () => unknown): number {
  globalThis.gc?.();
  const start = performance.now();
  work();
  return performance.now() - start;
}

if (process.argv[1]?.endsWith('rewrite.ts')) console.log(await run());
