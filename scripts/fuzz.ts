/**
 * `npm run fuzz -- --graphs 3000 --seed 7 [--only QLinearConv,Slice] [--networks 75]`: random graphs, run by the executor
 * and by ONNX Runtime; then Q/DQ networks, run in integer arithmetic and by ONNX Runtime with all its optimizations. Prints
 * the seed, counts by operator, and each mismatch with its model, inputs and both results. Exits 1 on mismatches.
 */
import { parseArgs } from 'node:util';
import { judge, report, shrink } from '../test/differential/fuzz.ts';
import { randomGraph } from '../test/differential/generator.ts';
import { judgeNetwork, randomNetwork, reportNetwork } from '../test/differential/networks.ts';

const { values } = parseArgs({
  options: {
    graphs: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    first: { type: 'string' },
    networks: { type: 'string' },
  },
});
const wanted = Number(values.graphs ?? 3000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const only = values.only === undefined ? undefined : new Set(values.only.split(','));

console.log(`seed ${seed}: ${wanted} graphs`);
const counts = new Map<string, Map<string, number>>();
const known = new Map<string, number>();
let compared = 0;
let mismatches = 0;
const started = performance.now();
for (let index = Number(values.first ?? 0); compared < wanted; index++) {
  const graph = randomGraph(seed, index, only);
  const verdict = await judge(graph);
  if (verdict.kind === 'equal' || verdict.kind === 'known' || verdict.kind === 'mismatch') compared++;
  for (const { node, family } of graph.steps) {
    const key = `${family} ${node.domain ? `${node.domain}.` : ''}${node.opType}`;
    const count = counts.get(key) ?? counts.set(key, new Map()).get(key)!;
    count.set(verdict.kind, (count.get(verdict.kind) ?? 0) + 1);
  }
  for (const { name } of verdict.known ?? []) known.set(name, (known.get(name) ?? 0) + 1);
  if (process.env['FUZZ_REFUSED'] && (verdict.kind === 'refused' || verdict.kind === 'not-implemented'))
    console.log(
      `${verdict.kind}: ${graph.steps.map(({ node }) => node.opType)} opset ${graph.opset}: ${verdict.reason}`,
    );
  if (verdict.kind === 'mismatch') {
    mismatches++;
    const small = await shrink(graph, verdict.mismatch!);
    const again = await judge(small);
    console.log(`\n${report(again.mismatch ?? verdict.mismatch!, small)}\n`);
  }
  if (process.stderr.isTTY && index % 100 === 0) process.stderr.write(`\r${compared} of ${wanted}`);
}
for (const [key, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${key}: ${[...count].map(([kind, n]) => `${n} ${kind}`).join(', ')}`);
for (const [name, n] of known) console.log(`known difference: ${name}: ${n}`);

const networks = Number(values.networks ?? (only === undefined ? Math.floor(wanted / 40) : 0));
for (let index = 0; index < networks; index++) {
  const network = randomNetwork(seed, index);
  const { what } = await judgeNetwork(network);
  if (what === undefined) continue;
  mismatches++;
  console.log(`\n${reportNetwork(network, what)}\n`);
}

const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `seed ${seed}: ${compared} graphs and ${networks} networks compared in ${seconds} s, ${mismatches} mismatches`,
);
process.exitCode = mismatches === 0 ? 0 : 1;
