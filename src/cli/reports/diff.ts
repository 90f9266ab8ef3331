import type { Changes, ModelDiff } from '../../analysis/index.ts';
import type { Node, Tensor, Type, ValueInfo } from '../../ir/index.ts';
import { printNode, printType } from '../../serde/index.ts';

/** A diff as plain data: nodes with their ONNX text, tensors without their elements. */
export function diffJson(diff: ModelDiff): unknown {
  const { identical, reordered, renamed, opsets, metadata } = diff;
  return {
    identical,
    reordered,
    renamed,
    opsets,
    metadata,
    nodes: mapChanges(diff.nodes, nodeFacts, ({ before, after, what }) => ({
      before: nodeFacts(before),
      after: nodeFacts(after),
      what,
    })),
    initializers: mapChanges(
      diff.initializers,
      tensorFacts,
      ({ name, before, after, largestDifference }) => ({
        name,
        before: tensorFacts(before),
        after: tensorFacts(after),
        largestDifference,
      }),
    ),
    inputs: infoChanges(diff.inputs),
    outputs: infoChanges(diff.outputs),
    functions: mapChanges(
      diff.functions,
      ({ name, domain }) => ({ domain: domain ?? '', name }),
      (name) => name,
    ),
  };
}

function mapChanges<Item, Change>(
  { added, removed, changed }: Changes<Item, Change>,
  item: (of: Item) => unknown,
  change: (of: Change) => unknown,
): unknown {
  return { added: added.map(item), removed: removed.map(item), changed: changed.map(change) };
}

function infoChanges(changes: ModelDiff['inputs']): unknown {
  return mapChanges(changes, portFacts, ({ name, before, after }) => ({
    name,
    before: typeText(before.type),
    after: typeText(after.type),
  }));
}

function portFacts({ name, type }: ValueInfo): unknown {
  return { name, type: typeText(type) };
}

function tensorFacts({ name, dtype, dims }: Tensor): unknown {
  return { name, dtype, dims };
}

function nodeFacts(node: Node): unknown {
  const { name, opType, domain, inputs, outputs } = node;
  return { name, opType, domain: domain ?? '', inputs, outputs, text: printNode(node, { abbreviate: 8 }) };
}

function typeText(type: Type | undefined): string | null {
  return type === undefined ? null : printType(type);
}
