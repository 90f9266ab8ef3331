import type { FunctionDefinition, Graph, Model, Node, ValueInfo } from '../../ir/index.ts';
import { hasGraph, printAttribute } from './print-attribute.ts';
import { type PrintOptions, printInitializer, printSparseTensor } from './print-tensor.ts';
import { checkDepth, printQualified, printType } from './print-type.ts';
import {
  functionFields,
  graphFields,
  modelFields,
  nodeFields,
  printBlock,
  printFields,
  valueFields,
} from './records.ts';
import { printName } from './words.ts';

/**
 * Writes a model as ONNX text (`docs/onnx-text.md`), one line per node. `parseModel` reads it back to an equal model,
 * unless elements were left out with `abbreviate`.
 */
export function printModel(model: Model, options: PrintOptions = {}): string {
  const fields = printFields(modelFields, model, (graph) => printNested(graph, options, '  ', 1));
  // Without these two the parser would assume its defaults.
  if (model.irVersion === undefined) fields.unshift('ir_version: ?');
  if (model.opsetImports.length === 0) fields.unshift('opset_import: []');
  const functions = model.functions.map((definition) => `\n${printFunction(definition, options)}`);
  return [printHeader(fields), printGraph(model.graph, options), ...functions].join('\n');
}

/** Writes a graph: `name (inputs) => (outputs) <initializers and value_infos> { nodes }`. */
export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  return printNested(graph, options, '', 1);
}

/** Writes a node: `y = Conv <strides = [2, 2]> (x, w)`. */
export function printNode(node: Node, options: PrintOptions = {}): string {
  return printIndentedNode(node, options, '', 0);
}

/** Writes a model-local function, its header first. */
export function printFunction(definition: FunctionDefinition, options: PrintOptions = {}): string {
  const names = (list: readonly string[]) => list.map(printName).join(', ');
  const parameters = [
    ...definition.attributes.map(printName),
    ...definition.attributeDefaults.map((attribute) => printAttributeAt(attribute, options, '', 0)),
  ];
  const title = definition.name === undefined ? '' : `${printName(definition.name)} `;
  const angle = parameters.length === 0 ? '' : `<${parameters.join(', ')}> `;
  const head = `${title}${angle}(${names(definition.inputs)}) => (${names(definition.outputs)})`;
  const body = printBody(definition.valueInfos.map(printValueInfo), definition.nodes, options, '', 0);
  return `${printHeader(printFields(functionFields, definition))}\n${head}${body}`;
}

const lineWidth = 100;

function printHeader(fields: readonly string[]): string {
  return printEntries(fields, '');
}

/** `<a, b>` on one line if it fits, else one entry per line. */
function printEntries(entries: readonly string[], indent: string): string {
  const line = `<${entries.join(', ')}>`;
  if (line.length + indent.length <= lineWidth && !line.includes('\n')) return line;
  return `<\n${entries.map((entry) => `${indent}  ${entry}`).join(',\n')}\n${indent}>`;
}

function printNested(graph: Graph, options: PrintOptions, indent: string, depth: number): string {
  checkDepth(depth);
  const title = (graph.name === undefined ? '' : printName(graph.name)) + printBlock(graphFields, graph);
  const inputs = graph.inputs.map(printValueInfo).join(', ');
  const outputs = graph.outputs.map(printValueInfo).join(', ');
  const declared = [
    ...graph.initializers.map((tensor) => printInitializer(tensor, options)),
    ...graph.sparseInitializers.map((tensor) => printSparseTensor(tensor, options)),
    ...graph.valueInfos.map(printValueInfo),
  ];
  const head = `${title === '' ? '' : `${title} `}(${inputs}) => (${outputs})`;
  return head + printBody(declared, graph.nodes, options, indent, depth);
}

function printBody(
  declared: readonly string[],
  nodes: readonly Node[],
  options: PrintOptions,
  indent: string,
  depth: number,
): string {
  const angle = declared.length === 0 ? ' ' : `\n${indent}${printEntries(declared, indent)} `;
  const lines = nodes.map((node) => `${indent}  ${printIndentedNode(node, options, `${indent}  `, depth)}\n`);
  return `${angle}{\n${lines.join('')}${indent}}`;
}

function printIndentedNode(node: Node, options: PrintOptions, indent: string, depth: number): string {
  const outputs = node.outputs.map(printName).join(', ');
  const inputs = `(${node.inputs.map(printName).join(', ')})`;
  const attributes = node.attributes.map((attribute) => printAttributeAt(attribute, options, indent, depth));
  const angle = attributes.length === 0 ? undefined : `<${attributes.join(', ')}>`;
  const rest = node.attributes.some(hasGraph) ? [inputs, angle] : [angle, inputs];
  return [printLabel(node), outputs, '=', printOperator(node), ...rest]
    .filter((text) => text !== undefined && text !== '')
    .join(' ');
}

function printAttributeAt(
  attribute: Node['attributes'][number],
  options: PrintOptions,
  indent: string,
  depth: number,
): string {
  return printAttribute(attribute, options, (graph) => printNested(graph, options, indent, depth + 1));
}

function printLabel(node: Node): string | undefined {
  const fields = printFields(nodeFields, node);
  if (node.name !== undefined) fields.unshift(printName(node.name));
  return fields.length === 0 ? undefined : `[${fields.join(', ')}]`;
}

function printOperator({ domain, opType, overload }: Node): string {
  const prefix = domain === undefined ? '' : `${printQualified(domain)}.`;
  return `${prefix}${printName(opType)}${overload === undefined ? '' : `:${printName(overload)}`}`;
}

function printValueInfo(value: ValueInfo): string {
  const type = value.type === undefined ? '' : `${printType(value.type)} `;
  return type + printName(value.name) + printBlock(valueFields, value);
}
