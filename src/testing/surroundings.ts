import { type Graph, type Model, type Node, namesRead, tensor, type ValueInfo } from '../ir/index.ts';
import { makeAttribute } from '../ops/index.ts';
import { drawCapture } from './control.ts';
import { chance, drawTensor } from './elements.ts';
import type { Want } from './recipe.ts';
import { foreignDomain, infoOf, typeOfKind, type Workshop } from './workshop.ts';

/**
 * Gives values readers, makes some of them outputs of the graph, and answers with the outputs: every value that nobody
 * reads is one.
 *
 * @param ends values that should be looked at: what roots make
 * @param inner values inside a match; now and then somebody else reads one
 */
export function surround(
  shop: Workshop,
  ends: readonly string[],
  inner: readonly string[],
): readonly string[] {
  const { random } = shop;
  const outputs = new Set<string>();
  for (const end of ends) {
    const isOutput = chance(random, 0.55);
    if (isOutput) outputs.add(end);
    if (!isOutput || chance(random, 0.2)) addReaders(shop, end);
  }
  const others = inner.filter((name) => !ends.includes(name));
  if (others.length > 0 && chance(random, 0.22)) {
    const value = random.pick(others);
    if (chance(random, 0.5)) outputs.add(value);
    else addReaders(shop, value);
  }
  if (shop.common.length > 0 && chance(random, 0.25)) addReaders(shop, random.pick(shop.common));
  const read = new Set(shop.nodes.flatMap(namesRead));
  const made = shop.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  for (const node of shop.nodes) {
    const unread = node.outputs.filter((name) => name !== '' && !read.has(name) && !outputs.has(name));
    // A node that somebody needs for one of its outputs may have others that nobody looks at.
    const mayStay = unread.length < node.outputs.filter((name) => name !== '').length;
    for (const name of unread) if (!mayStay || chance(random, 0.5)) outputs.add(name);
  }
  return made.filter((name) => outputs.has(name));
}

/** One reader of a value, or two. */
function addReaders(shop: Workshop, value: string): void {
  const count = chance(shop.random, 0.25) ? 2 : 1;
  for (let i = 0; i < count; i++) addReader(shop, value);
}

function addReader(shop: Workshop, value: string): void {
  const { random } = shop;
  const kind = shop.kinds.get(value)!;
  if (chance(random, 0.08) && shop.leanings.foreign !== false) {
    shop.node(random.pick(['Identity', 'Guess']), [value], {}, [kind], foreignDomain);
    return;
  }
  if (chance(random, 0.04) && shop.opset >= 11) {
    drawCapture(shop, value);
    return;
  }
  if (kind.dtype !== 'float32') {
    shop.node('Identity', [value], {}, [kind]);
    return;
  }
  const last = kind.dims.at(-1);
  const choices: (() => unknown)[] = [
    () => shop.node(random.pick(['Relu', 'Neg', 'Identity', 'Sigmoid', 'Abs']), [value], {}, [kind]),
    () => shop.node('Relu', [value], {}, [kind]),
    () => shop.node('Add', [value, shop.source(kind, 0)], {}, [kind]),
    () => addPair(shop, value),
    () => addPair(shop, value),
  ];
  if (last !== undefined && kind.dims.length >= 2) {
    const width = 1 + random.below(2);
    choices.push(() =>
      shop.node('MatMul', [value, shop.constant({ dtype: 'float32', dims: [last, width] })], {}, [
        { dtype: 'float32', dims: [...kind.dims.slice(0, -1), width] },
      ]),
    );
  }
  random.pick(choices)();
}

/** A quantize–dequantize pair behind a value, on the usual grid. */
function addPair(shop: Workshop, value: string): void {
  const kind = shop.kinds.get(value)!;
  const { palette } = shop;
  const codes =
    palette.hasZero && (shop.opset >= 21 || ['int8', 'uint8'].includes(palette.codes))
      ? palette.codes
      : 'uint8';
  const zero = codes === palette.codes ? palette.zeros[0]! : 0;
  const grid = [
    shop.constant({ dtype: 'float32', dims: [], values: [palette.scales[0]!] }),
    palette.hasZero ? shop.constant({ dtype: codes, dims: [], values: [zero] }) : '',
  ];
  const [quantized] = shop.node('QuantizeLinear', [value, ...grid], {}, [{ dtype: codes, dims: kind.dims }]);
  shop.node('DequantizeLinear', [quantized!, ...grid], {}, [kind]);
}

/**
 * The same network as a branch of an If: its nodes move into the subgraph and capture the inputs and some of the
 * constants from outside. The other branch gives constants.
 */
export function insideIf(shop: Workshop, model: Model): { readonly model: Model; readonly condition: Want } {
  const { random } = shop;
  const condition: Want = { dtype: 'bool', dims: [] };
  const cond = shop.name('cond');
  const { graph } = model;
  const staysOutside = graph.initializers.map(() => chance(random, 0.5));
  const produced = new Set(graph.nodes.flatMap((node) => node.outputs));
  if (graph.outputs.some(({ name }) => !produced.has(name))) return { model, condition };
  const renamed = new Map(graph.outputs.map(({ name }) => [name, `${name}_out`]));
  const then: Graph = {
    ...graph,
    name: 'then',
    inputs: [],
    outputs: graph.outputs,
    initializers: graph.initializers.filter((_, i) => !staysOutside[i]),
    metadata: [],
  };
  const constants: Node[] = [];
  const infos: ValueInfo[] = [];
  for (const { name } of graph.outputs) {
    const kind = shop.kinds.get(name)!;
    const other = `${name}_else`;
    const value = drawTensor(random, kind, shop.palette);
    constants.push(nodeOf('Constant', [], [other], [makeAttribute('value', tensorOf(value))]));
    infos.push(infoOf(other, kind));
  }
  const otherwise: Graph = {
    ...then,
    name: 'else',
    nodes: constants,
    initializers: [],
    outputs: infos,
    valueInfos: [],
  };
  const branch = nodeOf(
    'If',
    [cond],
    [...renamed.values()],
    [makeAttribute('then_branch', then), makeAttribute('else_branch', otherwise)],
  );
  const outer: Graph = {
    ...graph,
    nodes: [branch],
    initializers: graph.initializers.filter((_, i) => staysOutside[i]),
    inputs: [...graph.inputs, { name: cond, type: typeOfKind(condition), metadata: [] }],
    outputs: graph.outputs.map((info) => ({ ...info, name: renamed.get(info.name)! })),
    valueInfos: [],
  };
  shop.inputs.push({ name: cond, want: condition });
  return { model: { ...model, graph: outer }, condition };
}

function tensorOf(value: ReturnType<typeof drawTensor>) {
  return value.dtype === 'string' ? value : tensor(value.dtype, value.dims, value.toTypedArray() as never);
}

function nodeOf(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Node['attributes'],
): Node {
  return { opType, inputs, outputs, attributes, metadata: [], deviceConfigurations: [] };
}
