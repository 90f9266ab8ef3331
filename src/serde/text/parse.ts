import type { FunctionDefinition, Graph, Model } from '../../ir/index.ts';
import { readFunction, readGraph } from './read-graph.ts';
import { emptyRecord, modelFields, readRecord } from './records.ts';
import { Scanner } from './scanner.ts';

/**
 * Reads a model written in ONNX text (`docs/onnx-text.md`).
 *
 * The header may be left out, in whole or in part: the IR version is then 10, the opset import `["" : 21]`.
 *
 * @throws ModelError with the line and column: `syntax`, `value-out-of-range`, `shape-mismatch`, `type-mismatch`,
 * `nesting-too-deep`, `abbreviated-text` …
 */
export function parseModel(text: string): Model {
  return readModel(new Scanner(text));
}

/** Reads one graph: `name (inputs) => (outputs) <initializers> { nodes }`. */
export function parseGraph(text: string): Graph {
  return readWholeGraph(new Scanner(text));
}

export function readModel(scanner: Scanner): Model {
  const header = scanner.takes('<')
    ? readRecord<object>(scanner, modelFields, '>', { readGraph, defaults })
    : { ...emptyRecord(modelFields), ...defaults };
  const graph = readGraph(scanner);
  const functions: FunctionDefinition[] = [];
  while (scanner.peek() !== '') functions.push(readFunction(scanner));
  scanner.end();
  return Object.freeze({ ...header, graph, functions: Object.freeze(functions) }) as unknown as Model;
}

export function readWholeGraph(scanner: Scanner): Graph {
  const graph = readGraph(scanner);
  scanner.end();
  return graph;
}

const defaults = Object.freeze({
  irVersion: 10,
  opsetImports: Object.freeze([Object.freeze({ domain: '', version: 21 })]),
});
