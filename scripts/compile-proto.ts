import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/**
 * Compiles proto/*.proto into src/serde/proto/schema.generated.ts, ahead of time: what runs in a browser is a table,
 * with no parser, no reflection and no code generation.
 */

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const target = here('src/serde/proto/schema.generated.ts');

/** The text of the generated module. */
export function compile(): string {
  const root = new protobuf.Root();
  for (const file of ['proto/onnx.proto', 'proto/onnx-data.proto']) {
    protobuf.parse(readFileSync(here(file), 'utf8'), root, { keepCase: true });
  }
  root.resolveAll();
  const messages = messagesOf(root.lookup('onnx') as protobuf.Namespace);
  return [
    '// Generated from proto/*.proto by `npm run compile:proto`. Do not edit.',
    '',
    "/** Field number, name, type (a scalar or a message), '' or 'repeated' or 'packed', and its oneof if it has one. */",
    'export type FieldRow = readonly [number: number, name: string, type: string, label: string, oneof?: string];',
    '',
    'export const schema = {',
    ...messages.flatMap((message) => [
      `  '${nameOf(message)}': [`,
      ...[...message.fieldsArray].sort((a, b) => a.id - b.id).map((field) => `    ${rowOf(field)},`),
      '  ],',
    ]),
    '} as const satisfies Record<string, readonly FieldRow[]>;',
    '',
    'export type MessageName = keyof typeof schema;',
    '',
  ].join('\n');
}

function messagesOf(space: protobuf.NamespaceBase): protobuf.Type[] {
  return space.nestedArray.flatMap((nested) =>
    nested instanceof protobuf.Type ? [nested, ...messagesOf(nested)] : [],
  );
}

function nameOf(message: protobuf.Type): string {
  return message.fullName.replace(/^\.onnx\./, '');
}

function rowOf(field: protobuf.Field): string {
  const resolved = field.resolvedType;
  const type = resolved === null ? field.type : resolved instanceof protobuf.Type ? nameOf(resolved) : 'enum';
  const label = field.repeated ? (field.packed ? 'packed' : 'repeated') : '';
  const oneof = field.partOf ? `, '${field.partOf.name}'` : '';
  return `[${field.id}, '${field.name}', '${type}', '${label}'${oneof}]`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, compile());
