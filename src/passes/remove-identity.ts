import { type Graph, GraphSession, type Node } from '../ir/index.ts';
import { normalDomain } from '../ops/index.ts';
import { type Pass, pass, type RewriteRecord } from '../rewrite/index.ts';
import { mapGraphs, type Place } from './graphs.ts';

const name = 'remove-identity';

/**
 * Identity ⇒ nothing
 *
 * Readers take the value itself. Where the Identity makes a graph output, the node in front of it makes the output
 * instead; where there is none – the output is an input, a constant, or another output – the Identity stays. So it does
 * when an annotation speaks of either value, and in every domain but the standard one.
 */
export const removeIdentity: Pass = pass({
  name,
  summary: 'Takes out Identity nodes.',
  reason:
    'An Identity between a DQ and its operator, or a convolution and its batch norm, keeps engines from fusing.',
  condition: 'Identity of the standard domain; nothing but nodes refers to its values by name.',
  sources: ['https://github.com/NVIDIA/TensorRT/issues/1699'],
  run(model) {
    const rewrites: RewriteRecord[] = [];
    const changed = mapGraphs(model, 'inner-first', (graph, place) =>
      withoutIdentities(graph, place, rewrites),
    );
    return { model: changed, rewrites };
  },
});

function withoutIdentities(graph: Graph, place: Place, rewrites: RewriteRecord[]): Graph {
  if (!graph.nodes.some(isPlainIdentity)) return graph;
  const annotated = graph.quantizationAnnotations.map(({ tensorName }) => tensorName ?? '');
  const named = new Set([...place.pinned(graph), ...annotated]);
  const session = new GraphSession(graph, place.surroundings, place.names);
  for (const node of inOrderOfOutputs(graph)) {
    const y = node.outputs[0]!;
    // Earlier steps may have rewired the node; its output is what it is known by.
    const now = session.producer(y);
    if (now === undefined || named.has(y) || named.has(now.inputs[0]!)) continue;
    if (!take(session, now)) continue;
    rewrites.push(
      Object.freeze({
        rule: name,
        effect: 'exact',
        graph: place.path,
        at: y,
        before: Object.freeze([now]),
        after: Object.freeze([]),
        added: Object.freeze([]),
        removed: Object.freeze([]),
      }),
    );
  }
  return session.finish();
}

/** Of several Identities of one value that are outputs, the first output takes it over, wherever its node stands. */
function inOrderOfOutputs({ nodes, outputs }: Graph): readonly Node[] {
  const positions = new Map(outputs.map(({ name }, i) => [name, i]));
  const position = ({ outputs: [y = ''] }: Node) => positions.get(y) ?? -1;
  return nodes.filter(isPlainIdentity).sort((a, b) => position(a) - position(b));
}

function take(session: GraphSession, node: Node): boolean {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  if (!session.isOutput(y)) {
    session.remove(node);
    session.rewire(y, x);
    return true;
  }
  if (session.producer(x) === undefined || session.isOutput(x)) return false;
  session.remove(node);
  session.rename(x, y);
  return true;
}

function isPlainIdentity(node: Node): boolean {
  return (
    node.opType === 'Identity' &&
    normalDomain(node.domain) === '' &&
    (node.inputs[0] ?? '') !== '' &&
    (node.outputs[0] ?? '') !== '' &&
    node.deviceConfigurations.length === 0
  );
}
