import type { Attribute, FunctionDefinition, Graph, Model, Node, Tensor, TrainingInfo } from '../ir/index.ts';

/** What becomes of a tensor; an initializer or the value of an attribute. The same tensor: nothing is copied. */
export type TensorChange = (tensor: Tensor, role: 'initializer' | 'attribute') => Tensor;

/** Replaces tensors anywhere in a model: in subgraphs, functions and training graphs too. Sparse tensors stay. */
export function mapTensors(model: Model, change: TensorChange): Model {
  return withChanges(model, {
    graph: inGraph(model.graph, change),
    functions: each(model.functions, (definition) => inFunction(definition, change)),
    trainingInfo: each(model.trainingInfo, (info) => inTraining(info, change)),
  });
}

function inGraph(graph: Graph, change: TensorChange): Graph {
  return withChanges(graph, {
    initializers: each(graph.initializers, (tensor) => change(tensor, 'initializer')),
    nodes: each(graph.nodes, (node) => inNode(node, change)),
  });
}

function inFunction(definition: FunctionDefinition, change: TensorChange): FunctionDefinition {
  return withChanges(definition, {
    nodes: each(definition.nodes, (node) => inNode(node, change)),
    attributeDefaults: each(definition.attributeDefaults, (attribute) => inAttribute(attribute, change)),
  });
}

function inTraining(info: TrainingInfo, change: TensorChange): TrainingInfo {
  return withChanges(info, {
    initialization: info.initialization && inGraph(info.initialization, change),
    algorithm: info.algorithm && inGraph(info.algorithm, change),
  });
}

function inNode(node: Node, change: TensorChange): Node {
  return withChanges(node, {
    attributes: each(node.attributes, (attribute) => inAttribute(attribute, change)),
  });
}

function inAttribute(attribute: Attribute, change: TensorChange): Attribute {
  const changeTensor = (tensor: Tensor): Tensor => change(tensor, 'attribute');
  switch (attribute.type) {
    case 'TENSOR':
      return withChanges(attribute, { value: changeTensor(attribute.value) });
    case 'TENSORS':
      return withChanges(attribute, { value: each(attribute.value, changeTensor) });
    case 'GRAPH':
      return withChanges(attribute, { value: inGraph(attribute.value, change) });
    case 'GRAPHS':
      return withChanges(attribute, { value: each(attribute.value, (graph) => inGraph(graph, change)) });
    default:
      return attribute;
  }
}

/** The same list if nothing changed. */
function each<T>(list: readonly T[], change: (element: T) => T): readonly T[] {
  const changed = list.map(change);
  return changed.some((element, i) => element !== list[i]) ? changed : list;
}

/** The same object if nothing changed. */
function withChanges<T extends object>(object: T, changes: Partial<T>): T {
  const differs = Object.entries(changes).some(([key, value]) => object[key as keyof T] !== value);
  return differs ? Object.freeze({ ...object, ...changes }) : object;
}
