import type {
  Attribute,
  FunctionDefinition,
  Graph,
  Node,
  SparseTensor,
  Tensor,
  Type,
  ValueInfo,
} from '../../ir/index.ts';
import { readAttribute, readAttributes } from './read-attribute.ts';
import { headOf, readData, readSparseTensor } from './read-tensor.ts';
import { atSparseConstant, atType, readType } from './read-type.ts';
import { functionFields, graphFields, nodeFields, readBlock, readRecord, valueFields } from './records.ts';
import type { Scanner } from './scanner.ts';

/** Reads `name (inputs) => (outputs) <initializers and value_infos> { nodes }`. */
export function readGraph(scanner: Scanner): Graph {
  return scanner.nested('graph', () => {
    const name = scanner.atName() ? { name: scanner.name('the name of a graph') } : {};
    const block = readBlock<object>(scanner, graphFields);
    const declared: Declared = { valueInfos: [], initializers: [], sparseInitializers: [] };
    scanner.take('(', ' before the inputs of the graph');
    const inputs = scanner.list(')', () => readInput(scanner, declared.initializers));
    scanner.take('=>', ' between inputs and outputs');
    scanner.take('(', ' before the outputs of the graph');
    const outputs = scanner.list(')', () => readValueInfo(scanner));
    if (scanner.takes('<')) scanner.list('>', () => readDeclaration(scanner, declared));
    const nodes = readNodes(scanner);
    for (const list of Object.values(declared)) Object.freeze(list);
    return Object.freeze({ ...name, ...block, inputs, outputs, ...declared, nodes }) as unknown as Graph;
  });
}

/** Reads `<domain: "local", …> name <attributes> (inputs) => (outputs) <value_infos> { nodes }`. */
export function readFunction(scanner: Scanner): FunctionDefinition {
  const header = scanner.takes('<')
    ? readRecord<object>(scanner, functionFields, '>')
    : { opsetImports: none, metadata: none };
  const name = scanner.atName() ? { name: scanner.name('the name of a function') } : {};
  const attributes: string[] = [];
  const attributeDefaults: Attribute[] = [];
  if (scanner.takes('<')) scanner.list('>', () => readParameter(scanner, attributes, attributeDefaults));
  const valueInfos: ValueInfo[] = [];
  scanner.take('(', ' before the inputs of the function');
  const inputs = scanner.list(')', () => readTypedName(scanner, valueInfos));
  scanner.take('=>', ' between inputs and outputs');
  scanner.take('(', ' before the outputs of the function');
  const outputs = scanner.list(')', () => readTypedName(scanner, valueInfos));
  if (scanner.takes('<')) scanner.list('>', () => valueInfos.push(readValueInfo(scanner)));
  const nodes = readNodes(scanner);
  for (const list of [attributes, attributeDefaults, valueInfos]) Object.freeze(list);
  return Object.freeze({
    ...name,
    ...header,
    inputs,
    outputs,
    attributes,
    attributeDefaults,
    nodes,
    valueInfos,
  }) as unknown as FunctionDefinition;
}

interface Declared {
  readonly valueInfos: ValueInfo[];
  readonly initializers: Tensor[];
  readonly sparseInitializers: SparseTensor[];
}

function readNodes(scanner: Scanner): readonly Node[] {
  scanner.take('{', ' before the nodes');
  const nodes: Node[] = [];
  while (!scanner.takes('}')) nodes.push(readNode(scanner));
  return Object.freeze(nodes);
}

/** Reads `[label] y, z = domain.Op:overload <attributes> (a, b)`; the attributes may also come last. */
function readNode(scanner: Scanner): Node {
  const label = readLabel(scanner);
  const outputs = readNames(scanner);
  scanner.take('=', ' after the outputs of a node');
  const operator = readOperator(scanner);
  const before = readAttributes(scanner, readGraph);
  scanner.take('(', ' before the inputs of a node');
  const inputs = readNames(scanner);
  if (!scanner.takes(')')) scanner.expected('"," or ")" after an input');
  const attributes = before.length > 0 ? before : readAttributes(scanner, readGraph);
  return Object.freeze({ ...label, ...operator, inputs, outputs, attributes }) as Node;
}

/** `[name]`, `[name, doc_string: "…"]` or `[doc_string: "…"]`. */
function readLabel(scanner: Scanner): object {
  if (scanner.peek() !== '[' || scanner.atBlock()) return readBlock(scanner, nodeFields);
  scanner.take('[');
  const name = scanner.atName() ? scanner.name('the name of a node') : '';
  if (scanner.takes(',')) return { name, ...readRecord<object>(scanner, nodeFields, ']') };
  scanner.take(']', ' after the name of a node');
  return { name, ...readBlock<object>(scanner, nodeFields) };
}

/** Names between commas. Nothing before a comma is the empty name; nothing after the last one does not count. */
function readNames(scanner: Scanner): readonly string[] {
  const names: string[] = [];
  for (;;) {
    const found = scanner.atName();
    const name = found ? scanner.name('a name') : '';
    const comma = scanner.takes(',');
    if (found || comma) names.push(name);
    if (!comma) return Object.freeze(names);
  }
}

/** `Conv`, `com.microsoft.Gelu`, `"my domain".Op:overload`: all but the last part is the domain. */
function readOperator(scanner: Scanner): object {
  const parts = [scanner.name('an operator')];
  while (scanner.takes('.')) parts.push(scanner.name('an operator after its domain'));
  const opType = parts.pop()!;
  const domain = parts.length > 0 ? { domain: parts.join('.') } : {};
  return { opType, ...domain, ...(scanner.takes(':') && { overload: scanner.name('an overload') }) };
}

/** A graph input: a value_info, with a default `= {…}` if an initializer of the same name goes with it. */
function readInput(scanner: Scanner, initializers: Tensor[]): ValueInfo {
  const start = readTypedStart(scanner);
  const input = finishValueInfo(scanner, start);
  if (scanner.takes('=')) initializers.push(readInitializer(scanner, start));
  return input;
}

/** Something between `<` and `>`: a constant, dense (with an `=`) or sparse, or a value_info. */
function readDeclaration(scanner: Scanner, { valueInfos, initializers, sparseInitializers }: Declared): void {
  const given = scanner.takesTensor();
  if (given !== undefined) initializers.push(given);
  else if (atSparseConstant(scanner)) sparseInitializers.push(readSparseTensor(scanner));
  else {
    const start = readTypedStart(scanner);
    if (scanner.takes('=')) initializers.push(readInitializer(scanner, start));
    else valueInfos.push(finishValueInfo(scanner, start));
  }
}

/** The type and the name a declaration starts with, either of which may be absent. */
interface Start {
  readonly type: Type | undefined;
  readonly name: string | undefined;
  readonly at: number;
}

function readTypedStart(scanner: Scanner): Start {
  scanner.peek();
  const at = scanner.position;
  const type = atType(scanner) ? readType(scanner) : undefined;
  const name = scanner.atName() ? scanner.name('a name') : undefined;
  return { type, name, at };
}

function readInitializer(scanner: Scanner, { type, name, at }: Start): Tensor {
  if (type !== undefined) {
    const head = headOf(scanner, type, at);
    return readData(scanner, name === undefined ? head : { name, ...head }, at);
  }
  const given = scanner.takesTensor() ?? scanner.expected('the type of a constant', at);
  return given.withName(name);
}

function readValueInfo(scanner: Scanner): ValueInfo {
  return finishValueInfo(scanner, readTypedStart(scanner));
}

function finishValueInfo(scanner: Scanner, { type, name, at }: Start): ValueInfo {
  if (name === undefined) return scanner.expected('a type or the name of a value');
  const block = readBlock<object>(scanner, valueFields);
  if (type === undefined && scanner.text[at] !== '"' && (scanner.peek() === '[' || scanner.atName())) {
    const advice = 'Element types are float, double, int8, uint8, int64, bool, float16 …';
    scanner.fail('syntax', `"${name}" is no element type.`, at, advice);
  }
  return Object.freeze({ name, ...(type && { type }), ...block }) as ValueInfo;
}

/** A parameter of a function: its name, or an attribute with a default. */
function readParameter(scanner: Scanner, names: string[], defaults: Attribute[]): void {
  const name = scanner.name('the name of an attribute');
  const next = scanner.peek();
  if (next === ':' || next === '=' || next === '[') defaults.push(readAttribute(scanner, name, readGraph));
  else names.push(name);
}

/** An input or output of a function; a type in front of it is kept as a value_info of the body. */
function readTypedName(scanner: Scanner, valueInfos: ValueInfo[]): string {
  if (!atType(scanner)) return scanner.name('the name of a value');
  const info = readValueInfo(scanner);
  valueInfos.push(info);
  return info.name;
}

const none: readonly never[] = Object.freeze([]);
