import type { AttributeType } from '../ir/index.ts';
import { operatorTable } from './operators.generated.ts';

/** One version of an operator: its arity and attributes. Source: onnx.defs of ONNX 1.23, opsets 1 to 28. */
export interface OperatorSchema {
  readonly domain: string;
  readonly opType: string;
  /** The opset version that introduced this form. */
  readonly since: number;
  readonly deprecated: boolean;
  readonly minInputs: number;
  /** `Infinity` when variadic. */
  readonly maxInputs: number;
  readonly minOutputs: number;
  readonly maxOutputs: number;
  readonly attributes: ReadonlyMap<string, AttributeSchema>;
}

export interface AttributeSchema {
  readonly name: string;
  readonly type: AttributeType;
  readonly required: boolean;
  /** What the operator does when the attribute is absent, as a plain value (number or string). */
  readonly default?: number | string | undefined;
}

/** The highest ai.onnx opset the table knows. */
export const newestOpset = 28;

/** `"ai.onnx"` and absent mean the standard domain `""`. */
export function normalDomain(domain: string | undefined): string {
  return domain === undefined || domain === 'ai.onnx' ? '' : domain;
}

/**
 * The schema in force: the largest `since` not above the imported opset.
 *
 * `undefined` for operators the library has no schema of (custom domains, newer opsets' operators, operators that did not exist yet).
 */
export function findSchema(
  domain: string | undefined,
  opType: string,
  opset: number,
): OperatorSchema | undefined {
  const versions = schemasOf(normalDomain(domain), opType);
  let found: OperatorSchema | undefined;
  for (const schema of versions) if (schema.since <= opset) found = schema;
  return found;
}

/** All versions of an operator, oldest first. */
export function schemasOf(domain: string, opType: string): readonly OperatorSchema[] {
  return table().get(keyOf(domain, opType)) ?? [];
}

/** Every operator that has a schema, by domain and name. */
export function operatorNames(): readonly { readonly domain: string; readonly opType: string }[] {
  return [...table().values()].map(([schema]) => ({ domain: schema!.domain, opType: schema!.opType }));
}

/** Adds the schema of an operator of another domain, so that patterns, validation and inference know it. */
export function registerSchema(schema: OperatorSchema): void {
  const key = keyOf(schema.domain, schema.opType);
  const others = (table().get(key) ?? []).filter(({ since }) => since !== schema.since);
  table().set(
    key,
    [...others, schema].sort((a, b) => a.since - b.since),
  );
}

let schemas: Map<string, readonly OperatorSchema[]> | undefined;

function table(): Map<string, readonly OperatorSchema[]> {
  if (schemas !== undefined) return schemas;
  schemas = new Map();
  for (const line of operatorTable.split('\n')) registerSchema(parseRow(line));
  return schemas;
}

function keyOf(domain: string, opType: string): string {
  return `${domain}::${opType}`;
}

function parseRow(line: string): OperatorSchema {
  const [opType, since, flag, inputs, outputs, attributes] = line.split('\t') as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const [minInputs, maxInputs] = parseArity(inputs);
  const [minOutputs, maxOutputs] = parseArity(outputs);
  const entries = (attributes ?? '').split('; ').filter(Boolean).map(parseAttribute);
  return Object.freeze({
    domain: '',
    opType,
    since: Number(since),
    deprecated: flag === 'deprecated',
    minInputs,
    maxInputs,
    minOutputs,
    maxOutputs,
    attributes: new Map(entries.map((entry) => [entry.name, entry])),
  });
}

function parseArity(text: string): [number, number] {
  const [min, max] = text.split('-') as [string, string];
  return [Number(min), max === 'inf' ? Infinity : Number(max)];
}

function parseAttribute(entry: string): AttributeSchema {
  const [, name, type, rest] = /^(\w+):(\w+)(.*)$/.exec(entry) as unknown as [
    string,
    string,
    AttributeType,
    string,
  ];
  const value = rest.startsWith('=') ? (JSON.parse(rest.slice(1)) as number | string) : undefined;
  return Object.freeze({ name, type, required: rest.trim() === 'required', default: value });
}
