import type { Graph, Type } from '../../ir/index.ts';
import type { Call, Register } from './call.ts';
import { commonFacts, type Dim, dtypeOf, type Facts, type Shape, shapeOf, tensorFacts } from './facts.ts';

type Values = readonly (Facts | undefined)[];
/** Operators that run graphs. */
export function registerControl(register: Register): void {
  register('If', (call) => {
    const chosen = call.numbers(0)?.[0];
    // A branch that is never taken may contradict itself: that is what the condition guards against.
    if (chosen !== undefined)
      return infer(call, call.graph(chosen !== 0 ? 'then_branch' : 'else_branch'), []);
    const yes = infer(call, call.graph('then_branch'), []);
    const no = infer(call, call.graph('else_branch'), []);
    return call.node.outputs.map((_, i) => commonFacts(yes[i], no[i]));
  });

  register('Loop', (call) => {
    const body = call.graph('body');
    const carriedCount = Math.max(0, call.node.inputs.length - 2);
    const before = Array.from({ length: carriedCount }, (_, i) => withoutContents(call.facts(i + 2)));
    const run = (carried: Values) =>
      infer(call, body, [tensorFacts('int64', []), tensorFacts('bool', []), ...carried]);
    const { carried, outputs } = settle(before, run, 1);
    const scans = outputs.slice(1 + carriedCount).map((facts) => stacked(facts, undefined, 0));
    return [...carried, ...scans];
  });
  register('Scan', (call) => {
    if (call.opset < 9) return [];
    const body = call.graph('body');
    const scanCount = call.int('num_scan_inputs', 0);
    const stateCount = call.node.inputs.length - scanCount;
    if (scanCount < 0 || stateCount < 0)
      call.fail(
        'attribute-value',
        `num_scan_inputs is ${scanCount}, but there are ${call.node.inputs.length} inputs.`,
      );
    const inputAxes = call.ints('scan_input_axes') ?? [];
    let length: Dim;
    const slices = Array.from({ length: scanCount }, (_, i) => {
      const shape = call.shape(stateCount + i);
      if (shape === undefined) return tensorFacts(call.dtype(stateCount + i), undefined);
      const axis = call.axis(inputAxes[i] ?? 0, shape.length);
      length = call.equalDims(length, shape[axis], 'the length of the scanned sequences');
      return tensorFacts(
        call.dtype(stateCount + i),
        shape.filter((_, at) => at !== axis),
      );
    });
    const states = Array.from({ length: stateCount }, (_, i) => withoutContents(call.facts(i)));
    const { carried, outputs } = settle(states, (values) => infer(call, body, [...values, ...slices]), 0);
    const outputAxes = call.ints('scan_output_axes') ?? [];
    const scans = outputs.slice(stateCount).map((facts, i) => stacked(facts, length, outputAxes[i] ?? 0));
    return [...carried, ...scans];
  });
}

function infer(call: Call, graph: Graph | undefined, inputs: Values): Values {
  return graph === undefined ? [] : (call.context.inferGraph?.(graph, inputs) ?? []);
}

/**
 * What carried values have in common over all iterations. A length that changes once is unknown; a value that changes
 * still has no rank. `skip`: outputs of the body in front of the carried ones.
 */
function settle(
  before: Values,
  run: (carried: Values) => Values,
  skip: number,
): { readonly carried: Values; readonly outputs: Values } {
  let carried = before;
  for (let round = 0; round < 2; round++) {
    const outputs = run(carried);
    const common = carried.map((facts, i) => commonFacts(facts, outputs[skip + i]));
    if (common.every((facts, i) => sameFacts(facts, carried[i]))) return { carried, outputs };
    carried = common;
  }
  carried = carried.map((facts) =>
    facts?.type.kind === 'tensor' ? tensorFacts(dtypeOf(facts), undefined) : facts,
  );
  return { carried, outputs: run(carried) };
}

function sameFacts(a: Facts | undefined, b: Facts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type.kind !== b.type.kind) return false;
  if (a.type.kind !== 'tensor') return true;
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((dim, i) => dim === right[i]);
}

function withoutContents(facts: Facts | undefined): Facts | undefined {
  return facts && { type: facts.type };
}

function stacked(facts: Facts | undefined, length: Dim, axis: number): Facts | undefined {
  const type: Type | undefined = facts?.type;
  if (type?.kind !== 'tensor') return undefined;
  const inner: Shape = shapeOf(facts);
  const at = inner === undefined ? 0 : axis < 0 ? axis + inner.length + 1 : axis;
  return tensorFacts(dtypeOf(facts), inner && [...inner.slice(0, at), length, ...inner.slice(at)]);
}
