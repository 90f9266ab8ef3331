import {
  createView,
  type FunctionDefinition,
  functionBody,
  type Graph,
  type GraphView,
  type Model,
  maxGraphDepth,
  type Node,
  subgraphsOf,
  viewOf,
} from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';

/** One graph of a model: the main one, one inside a node, or the body of a function. */
export interface Scope {
  readonly graph: Graph;
  readonly view: GraphView;
  /** Names from the outermost graph inwards, as errors give them: `main`, `main/if1/then_branch`. */
  readonly path: string;
}

/**
 * All graphs of a model: the main graph, then the graphs inside its nodes, outer before inner, then the same for
 * each function's body.
 *
 * @throws ModelError `too-deep` beyond 200 levels
 */
export function scopesOf(model: Model): readonly Scope[] {
  const roots: Scope[] = [
    { graph: model.graph, view: viewOf(model), path: model.graph.name || 'main' },
    ...model.functions.map((definition) => functionScope(model, definition)),
  ];
  return roots.flatMap(withInnerScopes);
}

/** How errors name a node: its name, or what it makes. */
export function placeOf(node: Node): string {
  return node.name || node.outputs.find((output) => output !== '') || node.opType;
}

function functionScope(model: Model, definition: FunctionDefinition): Scope {
  const graph = functionBody(definition);
  const { functions, irVersion } = model;
  const view = createView(graph, { opsetImports: definition.opsetImports, functions, irVersion });
  return { graph, view, path: `function ${definition.name ?? ''}` };
}

function withInnerScopes(root: Scope): readonly Scope[] {
  const found: Scope[] = [root];
  const depths = [0];
  for (let i = 0; i < found.length; i++) {
    const { graph, view, path } = found[i]!;
    for (const node of graph.nodes) {
      for (const inner of subgraphsOf(node)) {
        if (depths[i]! >= maxGraphDepth)
          throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`, {
            at: path,
          });
        found.push({
          graph: inner,
          view: nestedView(inner, view),
          path: `${path}/${placeOf(node)}/${inner.name ?? ''}`,
        });
        depths.push(depths[i]! + 1);
      }
    }
  }
  return found;
}

/** The view of a graph inside a node of `outer`'s graph, which may be a session: imports and functions are asked there. */
export function nestedView(graph: Graph, outer: GraphView): GraphView {
  return delegating(createView(graph, { opsetImports: [], functions: [], outer }), outer, (domain) =>
    outer.opset(domain),
  );
}

/** The view of a function's body as a node of `caller`'s graph calls it: own imports, the caller's functions, no captures. */
export function calledView(body: Graph, definition: FunctionDefinition, caller: GraphView): GraphView {
  const { opsetImports } = definition;
  const own = createView(body, { opsetImports, functions: [], irVersion: caller.irVersion });
  return delegating(own, caller, (domain) => own.opset(domain));
}

function delegating(own: GraphView, around: GraphView, opset: GraphView['opset']): GraphView {
  return {
    outer: own.outer,
    irVersion: own.irVersion,
    nodes: () => own.nodes(),
    producer: (value) => own.producer(value),
    uses: (value) => own.uses(value),
    initializer: (value) => own.initializer(value),
    input: (value) => own.input(value),
    isOutput: (value) => own.isOutput(value),
    declared: (value) => own.declared(value),
    opset,
    function: (node) => around.function(node),
  };
}
