import type { Graph, OpsetImport, StringEntry } from '../../ir/index.ts';
import type { Scanner } from './scanner.ts';
import { printString } from './words.ts';

/**
 * Fields written as `word: value`: the headers of models and functions, and the `[…]` blocks that say what has no
 * place of its own in ONNX text. The words are the field names of onnx.proto.
 */
export interface Field {
  readonly word: string;
  /** The property of the IR. */
  readonly property: string;
  readonly kind:
    | 'integer'
    | 'string'
    | 'integers'
    | 'strings'
    | 'entries'
    | 'opsets'
    | 'graph'
    | readonly Field[];
}

/** How graphs inside fields are read and printed. */
export type ReadGraph = (scanner: Scanner) => Graph;
export type PrintGraph = (graph: Graph) => string;

const docString = field('doc_string', 'docString', 'string');
const metadata = field('metadata_props', 'metadata', 'entries');
const opsets = field('opset_import', 'opsetImports', 'opsets');
const domain = field('domain', 'domain', 'string');

const shardedDimFields = [
  field('axis', 'axis', 'integer'),
  field('simple_sharding', 'simpleShardings', [
    field('dim_value', 'value', 'integer'),
    field('dim_param', 'param', 'string'),
    field('num_shards', 'numShards', 'integer'),
  ]),
];

const deviceConfigurationFields = [
  field('configuration_id', 'configurationId', 'string'),
  field('sharding_spec', 'shardingSpecs', [
    field('tensor_name', 'tensorName', 'string'),
    field('device', 'devices', 'integers'),
    field('index_to_device_group_map', 'indexToDeviceGroupMap', [
      field('key', 'key', 'integer'),
      field('value', 'value', 'integers'),
    ]),
    field('sharded_dim', 'shardedDims', shardedDimFields),
  ]),
  field('pipeline_stage', 'pipelineStage', 'integer'),
];

export const modelFields: readonly Field[] = [
  field('ir_version', 'irVersion', 'integer'),
  opsets,
  field('producer_name', 'producerName', 'string'),
  field('producer_version', 'producerVersion', 'string'),
  domain,
  field('model_version', 'modelVersion', 'integer'),
  docString,
  metadata,
  field('training_info', 'trainingInfo', [
    field('initialization', 'initialization', 'graph'),
    field('algorithm', 'algorithm', 'graph'),
    field('initialization_binding', 'initializationBindings', 'entries'),
    field('update_binding', 'updateBindings', 'entries'),
  ]),
  field('configuration', 'configurations', [
    field('name', 'name', 'string'),
    field('num_devices', 'numDevices', 'integer'),
    field('device', 'devices', 'strings'),
  ]),
];

export const functionFields: readonly Field[] = [
  domain,
  field('overload', 'overload', 'string'),
  opsets,
  docString,
  metadata,
];

export const graphFields: readonly Field[] = [
  docString,
  metadata,
  field('quantization_annotation', 'quantizationAnnotations', [
    field('tensor_name', 'tensorName', 'string'),
    field('quant_parameter_tensor_names', 'parameters', 'entries'),
  ]),
];

export const nodeFields: readonly Field[] = [
  docString,
  metadata,
  field('device_configurations', 'deviceConfigurations', deviceConfigurationFields),
];

/** Of graph inputs, outputs, value_infos and tensors. */
export const valueFields: readonly Field[] = [docString, metadata];
export const attributeFields: readonly Field[] = [docString];
/** Of types and dimensions. */
export const typeFields: readonly Field[] = [field('denotation', 'denotation', 'string')];

/** Reads the block that may come next; a list that is not mentioned is empty, any other field is absent. */
export function readBlock<T extends object>(scanner: Scanner, fields: readonly Field[]): T {
  if (!scanner.atBlock()) return emptyRecord(fields) as T;
  scanner.take('[');
  return readRecord(scanner, fields, ']');
}

/**
 * Reads `word: value, …` up to and including `close`. A value of `?` says that the field is absent; `defaults` hold
 * for fields that are not mentioned.
 */
export function readRecord<T extends object>(
  scanner: Scanner,
  fields: readonly Field[],
  close: string,
  { readGraph, defaults }: { readonly readGraph?: ReadGraph; readonly defaults?: object } = {},
): T {
  const record: Record<string, unknown> = { ...emptyRecord(fields), ...defaults };
  const seen = new Set<string>();
  scanner.list(close, () => {
    scanner.peek();
    const at = scanner.position;
    const word = scanner.peekWord();
    const known = fields.find((candidate) => candidate.word === word);
    if (known === undefined)
      return scanner.expected(`one of the fields ${fields.map((one) => one.word).join(', ')}`);
    scanner.take(word);
    if (seen.has(word)) scanner.fail('syntax', `The field "${word}" is given twice.`, at);
    seen.add(word);
    scanner.take(':', ` after "${word}"`);
    if (scanner.takes('?')) delete record[known.property];
    else record[known.property] = readValue(scanner, known, readGraph);
  });
  return record as T;
}

/** The fields that say something, as `word: value`. */
export function printFields(fields: readonly Field[], record: object, printGraph?: PrintGraph): string[] {
  const texts: string[] = [];
  for (const { word, property, kind } of fields) {
    const value = (record as Readonly<Record<string, unknown>>)[property];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    texts.push(`${word}: ${printValue(kind, value, printGraph)}`);
  }
  return texts;
}

/** ` [doc_string: "…"]`, or nothing when there is nothing to say. */
export function printBlock(fields: readonly Field[], record: object): string {
  const texts = printFields(fields, record);
  return texts.length === 0 ? '' : ` [${texts.join(', ')}]`;
}

/** Reads `["key": "value", …]`. A `?` stands for a key or value that is absent. */
export function readEntries(scanner: Scanner): readonly StringEntry[] {
  scanner.take('[');
  return scanner.list(']', () => {
    const key = scanner.takes('?') ? undefined : scanner.string('a key in quotes');
    scanner.take(':', ' between key and value');
    const value = scanner.takes('?') ? undefined : scanner.string('a value in quotes');
    return Object.freeze({ ...(key !== undefined && { key }), ...(value !== undefined && { value }) });
  });
}

export function printEntries(entries: readonly StringEntry[]): string {
  const part = (text: string | undefined) => (text === undefined ? '?' : printString(text));
  return `[${entries.map(({ key, value }) => `${part(key)}: ${part(value)}`).join(', ')}]`;
}

function field(word: string, property: string, kind: Field['kind']): Field {
  return { word, property, kind };
}

/** Empty lists for the fields that are lists. */
export function emptyRecord(fields: readonly Field[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { property, kind } of fields) {
    if (kind !== 'integer' && kind !== 'string' && kind !== 'graph') record[property] = none;
  }
  return record;
}

function readValue(scanner: Scanner, { word, kind }: Field, readGraph: ReadGraph | undefined): unknown {
  if (kind === 'integer') return scanner.exactInteger(`a whole number for "${word}"`);
  if (kind === 'string') return scanner.string(`a string in quotes for "${word}"`);
  if (kind === 'graph') return readGraph!(scanner);
  if (kind === 'entries') return readEntries(scanner);
  scanner.take('[', ` before the list of "${word}"`);
  return scanner.list(']', () => {
    if (kind === 'integers') return scanner.exactInteger('a whole number');
    if (kind === 'strings') return scanner.string('a string in quotes');
    if (kind === 'opsets') return readOpset(scanner);
    scanner.take('{', ` before the fields of "${word}"`);
    return Object.freeze(readRecord(scanner, kind, '}', { readGraph }));
  });
}

/** `"com.microsoft" : 1`; the version alone when the domain is absent. */
function readOpset(scanner: Scanner): OpsetImport {
  if (scanner.peek() !== '"') return Object.freeze(readVersion(scanner));
  const domain = scanner.string('a domain in quotes');
  return Object.freeze({ domain, ...(scanner.takes(':') && readVersion(scanner)) });
}

function readVersion(scanner: Scanner): OpsetImport {
  return scanner.takes('?') ? {} : { version: scanner.exactInteger('an opset version') };
}

function printValue(kind: Field['kind'], value: unknown, printGraph: PrintGraph | undefined): string {
  if (kind === 'integer') return printInteger(value as number);
  if (kind === 'string') return printString(value as string);
  if (kind === 'graph') return printGraph!(value as Graph);
  if (kind === 'entries') return printEntries(value as readonly StringEntry[]);
  const texts = (value as readonly unknown[]).map((item) => {
    if (kind === 'integers') return printInteger(item as number);
    if (kind === 'strings') return printString(item as string);
    if (kind === 'opsets') return printOpset(item as OpsetImport);
    return `{${printFields(kind, item as object, printGraph).join(', ')}}`;
  });
  return `[${texts.join(', ')}]`;
}

function printOpset({ domain, version }: OpsetImport): string {
  const number = version === undefined ? '?' : printInteger(version);
  return domain === undefined ? number : `${printString(domain)} : ${number}`;
}

/** Every digit of a whole number, never an exponent. */
export function printInteger(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

const none: readonly never[] = Object.freeze([]);
