import {
  type Attribute,
  capturedNames,
  createView,
  functionSurroundings,
  type Graph,
  type GraphView,
  type Model,
  maxGraphDepth,
  NameSource,
  type Node,
  type Surroundings,
  subgraphsOf,
  type Tensor,
} from '../ir/index.ts';
import { makeAttribute } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';

/** A graph of a model and what a pass has to know of its surroundings. */
export interface Place {
  /** As the trace gives it: `main`, `main/if_1/then_branch`, `function local.F`. */
  readonly path: string;
  readonly surroundings: Surroundings;
  /** Value names nobody in the model uses yet. */
  readonly names: NameSource;
  /** Whether initializers may be added: not in functions, and below IR version 4 only inputs may have one. */
  readonly initializers: boolean;
  /** Values that something outside the nodes refers to by name: annotations, and training information. */
  readonly pinned: (graph: Graph) => readonly string[];
}

export type GraphChange = (graph: Graph, place: Place) => Graph;

/**
 * Changes every graph of a model: the main graph, the graphs inside its nodes and the bodies of functions. A graph that
 * comes back as it went in stays the same object, and so does a model none of whose graphs changed.
 *
 * @param order whether the graphs inside a node are changed before the graph around them or after it
 * @throws ModelError `too-deep` beyond 200 levels
 */
export function mapGraphs(model: Model, order: 'inner-first' | 'outer-first', change: GraphChange): Model {
  const names = NameSource.of(model);
  const withInitializers = (model.irVersion ?? Infinity) >= 4;
  const visit = (graph: Graph, place: Place, depth: number): Graph => {
    if (depth > maxGraphDepth) {
      throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`, {
        at: place.path,
      });
    }
    if (order === 'inner-first') return change(inside(graph, place, depth), place);
    return inside(change(graph, place), place, depth);
  };
  const inside = (graph: Graph, place: Place, depth: number): Graph => {
    let outer: GraphView | undefined;
    const nodes = graph.nodes.map((node) => {
      if (subgraphsOf(node).length === 0) return node;
      outer ??= createView(graph, place.surroundings);
      const surroundings = { ...place.surroundings, outer };
      const at = `${place.path}/${node.name || node.outputs.find(Boolean) || node.opType}`;
      return mapSubgraphs(node, (inner, name) =>
        visit(inner, { ...place, path: `${at}/${name}`, surroundings, pinned: annotationReads }, depth + 1),
      );
    });
    return nodes.every((node, i) => node === graph.nodes[i])
      ? graph
      : Object.freeze({ ...graph, nodes: Object.freeze(nodes) });
  };
  const training = trainingReads(model);
  const pinned = (graph: Graph) => [...annotationReads(graph), ...training];
  const main: Place = { path: 'main', surroundings: model, names, initializers: withInitializers, pinned };
  const graph = visit(model.graph, main, 0);
  const functions = model.functions.map((definition, i) => {
    const { graph: body, surroundings } = functionSurroundings(model, i);
    const path = `function ${definition.domain ?? ''}.${definition.name ?? ''}`;
    const changed = visit(
      body,
      { path, surroundings, names, initializers: false, pinned: annotationReads },
      0,
    );
    return changed === body
      ? definition
      : Object.freeze({ ...definition, nodes: changed.nodes, valueInfos: changed.valueInfos });
  });
  const sameFunctions = functions.every((definition, i) => definition === model.functions[i]);
  if (graph === model.graph && sameFunctions) return model;
  return { ...model, graph, functions: sameFunctions ? model.functions : Object.freeze(functions) };
}

/** A Constant node that makes a value of the tensor's name, for graphs that can have no initializer. */
export function constantNode(tensor: Tensor): Node {
  return Object.freeze({
    opType: 'Constant',
    name: tensor.name,
    inputs: none,
    outputs: Object.freeze([tensor.name!]),
    attributes: Object.freeze([makeAttribute('value', tensor.withName(undefined), 'TENSOR')]),
    metadata: none,
    deviceConfigurations: none,
  });
}

/** Scales and zero points that quantization annotations name. */
function annotationReads(graph: Graph): readonly string[] {
  return graph.quantizationAnnotations.flatMap(({ parameters }) =>
    parameters.map(({ value }) => value ?? ''),
  );
}

/** Values of the main graph that training information names. */
function trainingReads({ trainingInfo }: Model): readonly string[] {
  return trainingInfo.flatMap(({ initialization, algorithm, initializationBindings, updateBindings }) => [
    ...[...initializationBindings, ...updateBindings].flatMap(({ key, value }) => [key ?? '', value ?? '']),
    ...[initialization, algorithm].flatMap((graph) => (graph === undefined ? [] : capturedNames(graph))),
  ]);
}

function mapSubgraphs(node: Node, change: (graph: Graph, name: string) => Graph): Node {
  const attributes = node.attributes.map((attribute): Attribute => {
    if (attribute.type === 'GRAPH') {
      const value = change(attribute.value, attribute.name);
      return value === attribute.value ? attribute : Object.freeze({ ...attribute, value });
    }
    if (attribute.type === 'GRAPHS') {
      const value = attribute.value.map((graph, i) => change(graph, `${attribute.name}[${i}]`));
      return value.every((graph, i) => graph === attribute.value[i])
        ? attribute
        : Object.freeze({ ...attribute, value: Object.freeze(value) });
    }
    return attribute;
  });
  return attributes.every((attribute, i) => attribute === node.attributes[i])
    ? node
    : Object.freeze({ ...node, attributes: Object.freeze(attributes) });
}

const none: readonly never[] = Object.freeze([]);
