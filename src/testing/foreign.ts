import { inferTypes, typeOf } from '../analysis/index.ts';
import {
  type DataType,
  dataTypeToCode,
  type Graph,
  type Model,
  type Node,
  type Type,
  tensor,
  viewOf,
} from '../ir/index.ts';
import { makeAttribute, normalDomain } from '../ops/index.ts';
import { supportedOperators } from '../runtime/index.ts';

let supported: ReadonlySet<string> | undefined;

/** Whether the executor knows a node's operator, or the model defines it. */
function isForeign(node: Node, model: Model): boolean {
  if (normalDomain(node.domain) === '') return false;
  supported ??= new Set(supportedOperators().map(({ domain, opType }) => `${domain} ${opType}`));
  return !supported.has(`${node.domain} ${node.opType}`) && viewOf(model).function(node) === undefined;
}

/**
 * The model with a meaning for operators nobody knows: each computes some function of all its inputs that no other one
 * computes. A rule that takes such an operator for what its name sounds like is wrong under almost any meaning.
 *
 * Outputs have the element type and dims of the first input. Undefined where that cannot be told.
 */
export function withForeignMeaning(model: Model): Model | undefined {
  if (!mentionsForeign(model.graph, model)) return model;
  const types = inferTypes(model);
  const rewritten = inGraph(model.graph);
  return rewritten && { ...model, graph: rewritten };

  function inGraph(graph: Graph): Graph | undefined {
    const nodes: Node[] = [];
    for (const node of graph.nodes) {
      const attributes = node.attributes.map((attribute) => {
        if (attribute.type !== 'GRAPH') return attribute;
        const value = inGraph(attribute.value);
        return value && { ...attribute, value };
      });
      if (attributes.includes(undefined)) return undefined;
      if (!isForeign(node, model)) {
        nodes.push({ ...node, attributes: attributes as Node['attributes'] });
        continue;
      }
      const made = meaningOf(node, (name) => typeOf(types, name, graph));
      if (made === undefined) return undefined;
      nodes.push(...made);
    }
    return { ...graph, nodes };
  }
}

function mentionsForeign(graph: Graph, model: Model): boolean {
  return graph.nodes.some(
    (node) =>
      isForeign(node, model) ||
      node.attributes.some(({ type, value }) => type === 'GRAPH' && mentionsForeign(value as Graph, model)),
  );
}

/** y = k − x₁ − Σ x₂ …, with a k for each operator and output; for booleans not x₁. */
function meaningOf(node: Node, typeOfValue: (name: string) => Type | undefined): readonly Node[] | undefined {
  const inputs = node.inputs.filter((name) => name !== '');
  const [first, ...others] = inputs;
  const dtype = first === undefined ? undefined : dtypeOf(typeOfValue(first));
  if (first === undefined || dtype === undefined) return undefined;
  const nodes: Node[] = [];
  node.outputs.forEach((output, i) => {
    if (output === '') return;
    if (dtype === 'bool') {
      nodes.push(plain('Not', [first], output));
      return;
    }
    const floats = ['float32', 'float64', 'float16', 'bfloat16'].includes(dtype);
    const k = 1 + (hash(`${node.domain} ${node.opType} ${attributesText(node)} ${i}`) % 7);
    let sum = first;
    for (const [j, other] of others.entries()) {
      if (dtypeOf(typeOfValue(other)) !== dtype || !floats) continue;
      nodes.push(plain('ReduceMax', [other], `${output}#max${j}`, [makeAttribute('keepdims', 0)]));
      nodes.push(plain('Add', [sum, `${output}#max${j}`], `${output}#sum${j}`));
      sum = `${output}#sum${j}`;
    }
    const value = tensor(dtype, [], [dtype === 'int64' || dtype === 'uint64' ? BigInt(k) : k]);
    nodes.push(plain('Constant', [], `${output}#k`, [makeAttribute('value', value)]));
    const wide = !floats && dtype !== 'int32' && dtype !== 'int64';
    if (!wide) nodes.push(plain('Sub', [`${output}#k`, sum], output));
    else
      nodes.push(
        plain('Cast', [sum], `${output}#wide`, [makeAttribute('to', 6)]),
        plain('Cast', [`${output}#k`], `${output}#kwide`, [makeAttribute('to', 6)]),
        plain('Sub', [`${output}#kwide`, `${output}#wide`], `${output}#narrow`),
        plain('Cast', [`${output}#narrow`], output, [makeAttribute('to', dataTypeToCode(dtype))]),
      );
  });
  return nodes;
}

function dtypeOf(type: Type | undefined): DataType | undefined {
  return type?.kind === 'tensor' && type.elemType !== 'undefined' ? type.elemType : undefined;
}

function plain(
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Node['attributes'] = [],
): Node {
  return { opType, inputs, outputs: [output], attributes, metadata: [], deviceConfigurations: [] };
}

function attributesText(node: Node): string {
  return node.attributes.map(({ name, value }) => `${name}=${String(value)}`).join();
}

function hash(text: string): number {
  let result = 7;
  for (let i = 0; i < text.length; i++) result = (result * 31 + text.charCodeAt(i)) >>> 0;
  return result;
}
