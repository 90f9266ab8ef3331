import type { Node } from '../../../ir/index.ts';
import { findSchema, normalDomain } from '../../../ops/index.ts';
import type { WorkGraph } from '../work-graph.ts';

/** Whether a node is one of some standard operators, in one of the schema versions named; any version where none is. */
export function isVersion(
  graph: WorkGraph,
  node: Node | undefined,
  operators: ReadonlyMap<string, readonly number[]>,
): node is Node {
  const versions = node && normalDomain(node.domain) === '' ? operators.get(node.opType) : undefined;
  if (versions === undefined) return false;
  const since = findSchema('', node!.opType, graph.session.opset('') ?? 0)?.since;
  return versions.length === 0 || (since !== undefined && versions.includes(since));
}
