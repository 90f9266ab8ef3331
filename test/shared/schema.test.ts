import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type FieldRow, schema } from '../../src/serde/proto/schema.generated.ts';
import { describeShared, sharedDir } from './paths.ts';

describeShared('proto/*.proto', () => {
  it('say what the field table of the reference says', () => {
    const reference = readFileSync(join(sharedDir!, 'reference', 'onnx-facts.md'), 'utf8');
    const section = reference
      .slice(reference.indexOf('## (a)'), reference.indexOf('### Presence'))
      .replace(/`Segment` \{.*?\}/, '');
    const rows = new Map(Object.entries<readonly FieldRow[]>(schema));
    const checked = new Set<string>();
    // "**Name** @since #1 field type? · #2 field Message* P · …", up to the next name in bold.
    for (const [, name, text] of section.matchAll(/\*\*(\w+?)(?: \(SSE\))?\*\*([^*]*(?:\*(?!\*)[^*]*)*)/g)) {
      const message = [name!, `TensorShapeProto.${name}`].find((each) => rows.has(each));
      if (message === undefined) continue;
      for (const [, number, field, type, label] of text!.matchAll(/#(\d+) (\w+)(?: (\w+))?([?*]?)/g)) {
        const row = rows.get(message)!.find((each) => each[0] === Number(number));
        expect(row?.[1], `${message} #${number}`).toBe(field);
        if (label === '*') expect(row?.[3], `${message} #${number}`).not.toBe('');
        const wanted = type?.replace('SSE', 'StringStringEntryProto');
        if (wanted !== undefined && /^(u?int(32|64)|string|bytes|float|double|enum)$|Proto$/.test(wanted))
          expect(row?.[2], `${message} #${number}`).toBe(wanted);
        checked.add(`${message}.${field}`);
      }
    }
    // All but the fields of the messages nested in TypeProto, which the table writes in another form.
    expect(checked.size).toBeGreaterThan(130);
  });
});
