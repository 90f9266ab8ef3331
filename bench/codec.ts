/**
 * Decoding, encoding, loading and saving a model of 150 MB, against onnx-proto and against Python's onnx where it is.
 *
 * Run with `node --expose-gc --import tsx bench/codec.ts`. Rounds are interleaved; the tables show medians.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import onnxProto from 'onnx-proto';
import { type Attribute, type Model, type Node, type Tensor, tensorFromBytes } from '../src/ir/index.ts';
import { loadModel, saveModel } from '../src/node/index.ts';
import { decodeModel, encodeModel, encodeModelChunks } from '../src/serde/index.ts';
import { median, type Row, table } from './support.ts';

const none: readonly never[] = [];
const self = fileURLToPath(import.meta.url);

type Work = () => unknown;

/** The table as Markdown. */
export async function run(rounds = 7): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'qdq-bench-'));
  try {
    const file = encodeModel(bigModel());
    const path = join(folder, 'model.onnx');
    writeFileSync(path, file);
    const times = await measure(file, path, rounds);
    const memory = execFileSync(process.execPath, ['--import', 'tsx', self, '--memory', path], {
      encoding: 'utf8',
    });
    return [
      `A file of ${(file.length / 1e6).toFixed(0)} MB; medians of ${rounds} rounds, in milliseconds.`,
      '',
      table(
        ['', 'qdq-surgeon', 'onnx-proto', 'Python onnx', '÷ onnx-proto', '÷ Python', 'goal'],
        rowsOf(times),
      ),
      '',
      `Peak memory of reading the file and decoding it: ${memory.trim()} × file size (goal: < 1.2).`,
      ...(times.has('python decode')
        ? []
        : ['Python onnx is not installed here: `apt-get install python3-onnx`.']),
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(file: Uint8Array, path: string, rounds: number): Promise<Map<string, number>> {
  const { ModelProto } = onnxProto.onnx;
  const model = decodeModel(file);
  const edited = editEveryTenth(model);
  const fresh = bigModel();
  const theirs = ModelProto.decode(file);
  const works: readonly (readonly [string, Work])[] = [
    ['decode', () => decodeModel(file)],
    ['encode', () => encodeModel(model)],
    ['encode edited', () => encodeModel(edited)],
    ['encode new', () => encodeModel(fresh)],
    ['chunks edited', () => encodeModelChunks(edited)],
    ['chunks new', () => encodeModelChunks(fresh)],
    ['load', () => loadModel(path)],
    ['save', () => saveModel(edited, `${path}.ours`)],
    ['proto decode', () => ModelProto.decode(file)],
    ['proto encode', () => ModelProto.encode(theirs).finish()],
    ['proto load', () => ModelProto.decode(readFileSync(path))],
    ['proto save', () => writeFileSync(`${path}.theirs`, ModelProto.encode(theirs).finish())],
  ];
  const samples = new Map<string, number[]>();
  const add = (name: string, ms: number) => samples.set(name, [...(samples.get(name) ?? []), ms]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of works) {
      if (name.endsWith('save')) settleDisk(path);
      globalThis.gc?.();
      // Large buffers of the step before are given back by another thread, which would slow this one down.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const start = performance.now();
      await work();
      add(name, performance.now() - start);
    }
    settleDisk(path);
    for (const [name, ms] of python(path)) add(`python ${name}`, ms);
  }
  return new Map([...samples].map(([name, all]) => [name, median(all)]));
}

/** Every save finds no old file and no writes under way that it would have to wait for. */
function settleDisk(path: string): void {
  for (const peer of ['ours', 'theirs', 'python']) rmSync(`${path}.${peer}`, { force: true });
  try {
    execFileSync('sync');
  } catch {
    // Without the command the times scatter more.
  }
}

function rowsOf(times: ReadonlyMap<string, number>): Row[] {
  const row = (title: string, ours: string, peers: string, goal: string): Row => {
    const [a, b, c] = [times.get(ours)!, times.get(`proto ${peers}`)!, times.get(`python ${peers}`)];
    const ms = (time: number | undefined) => (time === undefined ? '–' : time.toFixed(time < 10 ? 1 : 0));
    const ratio = (time: number | undefined) => (time === undefined ? '–' : (a / time).toFixed(2));
    return [title, ms(a), ms(b), ms(c), ratio(b), ratio(c), goal];
  };
  return [
    row('decode', 'decode', 'decode', '≤ 0.35 × Python'),
    row('encode, nothing edited', 'encode', 'encode', ''),
    row('encode, every tenth node edited', 'encode edited', 'encode', ''),
    row('encode, built in memory', 'encode new', 'encode', ''),
    row('chunks, every tenth node edited', 'chunks edited', 'encode', ''),
    row('chunks, built in memory', 'chunks new', 'encode', ''),
    row('load file', 'load', 'load', ''),
    row('save file, every tenth node edited', 'save', 'save', '≤ 0.6 × Python'),
  ];
}

/** One round of the same four steps in Python; nothing where onnx is not installed. */
function python(path: string): [string, number][] {
  const script = `
import json, sys, time, onnx
path = sys.argv[1]
def timed(work):
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1000
with open(path, 'rb') as f: data = f.read()
onnx.ModelProto.FromString(data)
model, decode = timed(lambda: onnx.ModelProto.FromString(data))
_, encode = timed(model.SerializeToString)
_, load = timed(lambda: onnx.load(path))
_, save = timed(lambda: onnx.save(model, path + '.python'))
print(json.dumps(dict(decode=decode, encode=encode, load=load, save=save)))`;
  try {
    const output = execFileSync('/usr/bin/python3', ['-c', script, path], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return Object.entries(JSON.parse(output) as Record<string, number>);
  } catch {
    return [];
  }
}

function bigModel(): Model {
  const dims = [128, 112, 3, 3];
  const nodes: Node[] = [];
  const initializers: Tensor[] = [];
  for (let i = 0; i < 300; i++) {
    const weights = new Float32Array(dims.reduce((a, b) => a * b)).fill(i / 7);
    initializers.push(tensorFromBytes('float32', dims, new Uint8Array(weights.buffer), `conv${i}.weight`));
    const attributes = ['dilations', 'kernel_shape', 'strides'].map((name) => ints(name, [1n, 1n]));
    nodes.push(
      node('Conv', [`x${i}.0`, `conv${i}.weight`], `x${i}.1`, [
        ...attributes,
        ints('pads', [1n, 1n, 1n, 1n]),
      ]),
    );
    for (let j = 1; j <= 10; j++)
      nodes.push(node('Relu', [`x${i}.${j}`], j < 10 ? `x${i}.${j + 1}` : `x${i + 1}.0`, []));
  }
  return {
    irVersion: 8,
    opsetImports: [{ domain: '', version: 17 }],
    metadata: none,
    trainingInfo: none,
    functions: none,
    configurations: none,
    graph: {
      name: 'bench',
      nodes,
      initializers,
      sparseInitializers: none,
      inputs: [],
      outputs: [],
      valueInfos: none,
      quantizationAnnotations: none,
      metadata: none,
    },
  };
}

function node(
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: readonly Attribute[],
): Node {
  return {
    opType,
    name: `/model/${opType}_${output}`,
    inputs,
    outputs: [output],
    attributes,
    metadata: none,
    deviceConfigurations: none,
  };
}

function ints(name: string, value: readonly bigint[]): Attribute {
  return { name, type: 'INTS', value };
}

function editEveryTenth(model: Model): Model {
  const nodes = model.graph.nodes.map((each, i) => (i % 10 === 0 ? { ...each, docString: 'edited' } : each));
  return { ...model, graph: { ...model.graph, nodes } };
}

/** Peak memory above what the process had before, as a multiple of the file's size; for a process of its own. */
async function printMemory(path: string): Promise<void> {
  // A small model first, so that what is counted is the model and not the compiled code.
  decodeModel(encodeModel(bigModelHead()));
  const before = peakMemory();
  const model = await loadModel(path);
  console.log(((peakMemory() - before) / model.origin!.bytes.length).toFixed(3));
}

/** Linux counts the peak of the parent process in ru_maxrss; VmHWM is this process's own. */
function peakMemory(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const own = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) * 1024;
}

function bigModelHead(): Model {
  return {
    opsetImports: none,
    metadata: none,
    trainingInfo: none,
    functions: none,
    configurations: none,
    graph: {
      nodes: [node('Relu', ['x'], 'y', [ints('a', [1n])])],
      initializers: none,
      sparseInitializers: none,
      inputs: none,
      outputs: none,
      valueInfos: none,
      quantizationAnnotations: none,
      metadata: none,
    },
  };
}

if (process.argv[2] === '--memory') await printMemory(process.argv[3]!);
else if (process.argv[1] === self) console.log(await run());
